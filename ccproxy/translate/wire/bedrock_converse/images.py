"""Images, which Converse takes as bytes in four formats."""

from __future__ import annotations

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import Base64Source, FileSource, ImageBlock, UrlSource
from ccproxy.translate.passages import Where, bracketed, dotted
from ccproxy.translate.wire.bedrock_converse.cache import Piece

_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}


def image(block: ImageBlock, draft: Draft, where: Where) -> Piece:
    """An image, for models that see. Raises Uncarriable with its path."""
    draft.lose(block.transformations, bracketed(where) + ".transformations")
    label = draft.target.label
    if draft.dialect.images == "none":
        raise Uncarriable(f"{dotted(where)}: {label} takes no images")
    match block.source:
        case Base64Source(media_type=media_type, data=data):
            form = _FORMATS.get(media_type.lower())
            if form is None:
                raise Uncarriable(f"{dotted(where)}.source.media_type: {label} takes no images of {media_type}")
            return {"image": {"format": form, "source": {"bytes": data}}}
        case UrlSource():
            raise Uncarriable(f"{dotted(where)}: {label} takes images as base64 only, not by URL")
        case FileSource():
            raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {label}")
