"""Which commits wait for the disk, and which need not.

A durable commit costs about 4 ms of waiting, as much as all else in a short piece of work. It is due wherever
something would be lost: an accepted recording, an answer that was paid for, the end of a run. A claim, a heartbeat or
an intermediate result that is gone after a crash is only made again.

`synchronous_commit = off` keeps everything else: commits are atomic, visible to others at once, and written in their
order. After a crash of the database (not of ours) the last 0.6 s of them may be missing, never one from the middle and
never one that was followed by a durable commit.
"""

from django.db import connection

LAZILY = "set_config('synchronous_commit', 'off', true)"
"""What `commit_lazily` says, to be put into a statement that is sent anyway."""


def commit_lazily() -> None:
    """Let the commit of the transaction that we are in return before it is on disk."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {LAZILY}")


DURABLY = "SET LOCAL synchronous_commit TO DEFAULT"
"""Takes that back, as a statement: what happens in this transaction must not be lost."""
