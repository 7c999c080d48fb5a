"""Documents of one request: their formats, and names that Converse takes.

A name may hold letters, digits, single spaces, hyphens and brackets, and no two documents may have the same. It is
what the model calls the document by; a title that is written otherwise is told in a text before it.
"""

from __future__ import annotations

import re
from typing import Any

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft, switched_on
from ccproxy.translate.messages import (
    Base64Source,
    ContentSource,
    DocumentBlock,
    FileSource,
    ImageBlock,
    SearchResultBlock,
    TextBlock,
    TextSource,
    UrlSource,
)
from ccproxy.translate.passages import Where, bracketed, dotted, heading, search_result, visible
from ccproxy.translate.passages import document as passage
from ccproxy.translate.wire.bedrock_converse.cache import Piece
from ccproxy.translate.wire.bedrock_converse.images import image

_FORMATS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/html": "html",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_ILLEGAL = re.compile(r"[^a-zA-Z0-9\s()\[\]-]+")
_SPACE = re.compile(r"\s+")
_LONGEST_NAME = 100
_NAME = "document"


class Documents:
    """The documents of one request, in its order."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._names: set[str] = set()

    def pieces(self, block: DocumentBlock, where: Where) -> list[Piece]:
        """What a document becomes. Raises Uncarriable with its path for what the model cannot be given."""
        match block.source:
            case TextSource(data=data):
                return self._text(block, [data], where)
            case ContentSource(content=content):
                if isinstance(content, str):
                    return self._text(block, [content], where)
                if any(isinstance(inner, ImageBlock) for inner in content):
                    return self._illustrated(block, content, where)
                return self._text(block, self._texts(content, where), where)
            case Base64Source(media_type=media_type, data=data):
                return self._file(block, media_type, data, where)
            case UrlSource():
                raise Uncarriable(f"{dotted(where)}: {self._label} takes documents as base64 only, not by URL")
            case FileSource():
                raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {self._label}")

    def found(self, block: SearchResultBlock, where: Where) -> Piece:
        """A search result of the client's own."""
        if not self._draft.dialect.cited_documents:
            self._uncited(block, where)
            return {"text": search_result(block)}
        content = [{"text": inner.text} for inner in block.content]
        result: dict[str, Any] = {"source": block.source, "title": block.title, "content": content}
        if switched_on(block.citations):
            result["citations"] = {"enabled": True}
        return {"searchResult": result}

    def _text(self, block: DocumentBlock, texts: list[str], where: Where) -> list[Piece]:
        if self._draft.dialect.cited_documents:
            # A text as such and texts in parts are cited by characters and by parts, as with Anthropic.
            plain = isinstance(block.source, TextSource)
            source = {"text": texts[0]} if plain else {"content": [{"text": text} for text in texts]}
            return self._document(block, "txt", source, where)
        self._uncited(block, where)
        return [{"text": passage(block, "\n\n".join(texts))}]

    def _texts(self, content: list[TextBlock | ImageBlock], where: Where) -> list[str]:
        self._marks(content, where)
        return [inner.text for inner in content if isinstance(inner, TextBlock) and visible(inner.text)]

    def _illustrated(self, block: DocumentBlock, content: list[TextBlock | ImageBlock], where: Where) -> list[Piece]:
        """A document with images, which Converse's documents cannot hold: its parts between two marks."""
        self._uncited(block, where)
        self._marks(content, where)
        found: list[Piece] = [{"text": f"<document>\n{heading(block)}".rstrip("\n")}]
        for at, inner in enumerate(content):
            if isinstance(inner, ImageBlock):
                found.append(image(inner, self._draft, (*where, at)))
            elif visible(inner.text):
                found.append({"text": inner.text})
        return [*found, {"text": "</document>"}]

    def _marks(self, content: list[TextBlock | ImageBlock], where: Where) -> None:
        for at, inner in enumerate(content):
            self._draft.lose(inner.cache_control, f"{bracketed(where)}.source.content[{at}].cache_control")

    def _file(self, block: DocumentBlock, media_type: str, data: str, where: Where) -> list[Piece]:
        kind = media_type.partition(";")[0].strip().lower()
        form = _FORMATS.get(kind)
        if form is None:
            raise Uncarriable(f"{dotted(where)}.source.media_type: {self._label} takes no documents of {media_type}")
        if self._draft.dialect.pdf == "none":
            raise Uncarriable(f"{dotted(where)}: {self._label} takes no documents, only text")
        return self._document(block, form, {"bytes": data}, where)

    def _document(self, block: DocumentBlock, form: str, source: dict[str, Any], where: Where) -> list[Piece]:
        title = block.title or ""
        name = self._name(title)
        document: dict[str, Any] = {"format": form, "name": name, "source": source}
        if self._draft.dialect.cited_documents:
            if block.context:
                document["context"] = block.context
            if switched_on(block.citations):
                document["citations"] = {"enabled": True}
            told = f"<title>{title}</title>" if title not in ("", name) else ""
        else:
            self._uncited(block, where)
            told = heading(block).rstrip("\n") if block.context or title not in ("", name) else ""
        return [*([{"text": told}] if told else ()), {"document": document}]

    def _name(self, title: str) -> str:
        stem = _SPACE.sub(" ", _ILLEGAL.sub(" ", title)).strip()[:_LONGEST_NAME].strip() or _NAME
        name, number = stem, 1
        while name.lower() in self._names:
            number += 1
            name = f"{stem} {number}"
        self._names.add(name.lower())
        return name

    def _uncited(self, block: DocumentBlock | SearchResultBlock, where: Where) -> None:
        if switched_on(block.citations):
            self._draft.losses.append(bracketed(where) + ".citations")

    @property
    def _label(self) -> str:
        return self._draft.target.label
