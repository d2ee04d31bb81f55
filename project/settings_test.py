"""Settings of the tests: the same servers, faster passwords. Addresses come from `project.stack exec`."""

import os
from urllib.parse import urlsplit

# Type checking and schema generation import the settings without any server: they get addresses of none.
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("S3_ENDPOINT_URL", "http://127.0.0.1:1")
os.environ.setdefault("S3_ACCESS_KEY_ID", "none-none-none-none")
os.environ.setdefault("S3_SECRET_ACCESS_KEY", "none-none-none-none")

# Tests run side by side: each process has a bucket and a Redis database of its own, as it has a PostgreSQL database.
# Programs that a test starts inherit them.
_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
os.environ["S3_BUCKET"] = f"tests-{_PROCESS}"
os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{int(_PROCESS) + 1}").geturl()

from project.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations"]  # noqa: F405
WHITENOISE_AUTOREFRESH = True  # files are looked up when they are asked for: there is no collected folder to scan
