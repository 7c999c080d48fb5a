"""Providers' lists of models, in whichever shape, as the models of the Messages API.

`shapes` finds the entries in an answer, `entry` and `claims` read what one says of a model, `bedrock` puts together
what Amazon tells in two lists. What a list leaves out is filled from the dialect that the model is spoken to in; what
nobody knows is left out.
"""

from ccproxy.translate.listing.entry import Listed, completed, named, read
from ccproxy.translate.listing.model import UNKNOWN_DATE, Model
from ccproxy.translate.listing.shapes import following, parsed

__all__ = ["UNKNOWN_DATE", "Listed", "Model", "completed", "following", "named", "parsed", "read"]
