"""One clock for leases and delays: the database's. Workers' clocks may jump."""

from datetime import datetime
from typing import cast

from django.db import connection


def database_now() -> datetime:
    """Return the database's wall clock (not the transaction's start)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    return cast("datetime", row[0])
