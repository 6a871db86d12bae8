"""Members as the member record has them: read from a file, judged row by row, taken over at once.

``Synchronisation(...).run(records(lines))`` is the whole of it (DESIGN §3). The record decides who
a member is and which rank they hold; language and time zone are the person's own after the first
time. Of staff it changes the rank, the member ID and the name: never the address, the password or
whether they may sign in, which would be a way to the desk, and never what makes them staff.
"""

from .faults import FileRefused, RowRefused
from .files import records, upload_records
from .rows import COLUMNS, Record
from .synchronisation import CHUNK, Change, Refusal, Synchronisation
from .uploads import work

__all__ = [
    "CHUNK",
    "COLUMNS",
    "Change",
    "FileRefused",
    "Record",
    "Refusal",
    "RowRefused",
    "Synchronisation",
    "records",
    "upload_records",
    "work",
]
