"""The control: a chain of no-op tasks as a plain Celery program would send it, and two commits that wait for the disk.

The first commit accepts the work before the chain is sent, the second says in its last task that it is done. Both use
the same connection settings as the product.
"""

from celery import chain, shared_task, signature
from django.db import connection


def table_create() -> None:
    """Make the table that stands for a recording's."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_work (id bigserial PRIMARY KEY, is_done boolean)")


def submit(links: int) -> int:
    """Accept a piece of work durably, then send a chain of so many tasks; returns its id."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_work (is_done) VALUES (false) RETURNING id")
        number: int = cursor.fetchone()[0]
    nothings = [signature("benchmarks.nothing", immutable=True) for _ in range(links - 1)]
    chain(*nothings, signature("benchmarks.finish", args=(number,), immutable=True)).apply_async()
    return number


@shared_task(name="benchmarks.nothing")
def nothing() -> None:
    """Do nothing, as a link of a chain."""


@shared_task(name="benchmarks.finish")
def finish(number: int) -> None:
    """End a chain: commit that the work is done."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bench_work SET is_done = true WHERE id = %s", [number])
