"""An answer in plain text that broke off, and how another target goes on with it.

`Spoken` follows what the client got and tells whether that can be continued; `request_after` asks the next target to do
so; `Seam` makes one stream of the two. Tool calls are never continued: half a call is nothing that a second model could
complete, and a whole one may be under way already.
"""

from ccproxy.translate.continuation.request import Continued, request_after
from ccproxy.translate.continuation.seam import Seam
from ccproxy.translate.continuation.spoken import Spoken

__all__ = ["Continued", "Seam", "Spoken", "request_after"]
