"""Which commits wait for the disk, and which need not.

A durable commit costs about 4 ms of waiting, as much as all else in a short piece of work. It is due wherever
something would be lost: an accepted recording, an answer that was paid for, the end of a run. A claim, a heartbeat or
an intermediate result that is gone after a crash is only made again.

`synchronous_commit = off` keeps everything else: commits are atomic, visible to others at once, and written in their
order. After a crash of the database (not of ours) the last 0.6 s of them may be missing, never one from the middle and
never one that was followed by a durable commit.
"""

from django.db import connection


def commit_lazily() -> None:
    """Let the commit of the transaction that we are in return before it is on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO OFF")


LAZILY = "lazily AS (SELECT set_config('synchronous_commit', 'off', true))"
"""The same for a single statement that is a transaction of its own: a query to put after WITH, and into FROM."""
