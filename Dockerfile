# syntax=docker/dockerfile:1
# One image for every role: web (the default command), workers, beat, Flower. docker-compose.yml names the commands.

# --- Packages, exactly those of the lock; a wheel for each, so no compiler is needed ---------------------------
FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --only-binary=:all: -r /tmp/base.txt

# --- The application ---------------------------------------------------------------------------------------------
FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=project.settings \
    BIND=0.0.0.0:8000 \
    TMPDIR=/scratch

# Code belongs to root and the process to nobody in particular: it can write to /scratch and nowhere else, so the
# container's file system may be read-only. A number, so that orchestrators can see that it is not root.
RUN groupadd --system --gid 10001 vox \
    && useradd --system --uid 10001 --gid vox --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vox \
    && install -d -o vox -g vox -m 0700 /scratch

WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
# The build knows no server and no secret: each name gets a value that leads nowhere, for this one command.
RUN env SECRET_KEY=build DATABASE_URL=postgres://build@127.0.0.1:1/build REDIS_URL=redis://127.0.0.1:1/0 \
        S3_ENDPOINT_URL=http://127.0.0.1:1 S3_ACCESS_KEY_ID=build S3_SECRET_ACCESS_KEY=build \
        python manage.py collectstatic --noinput \
    && python -m compileall -q apps project

USER 10001:10001
EXPOSE 8000

# SIGTERM, Docker's default, is right for every role: gunicorn finishes its requests, beat ends, and a worker with
# REMAP_SIGTERM=SIGQUIT lets its calls in flight end (SOFT_SHUTDOWN_SECONDS). Exec form: no shell swallows it.
STOPSIGNAL SIGTERM

# http.client, because urllib would ask a configured proxy for 127.0.0.1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import sys; from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]

# Workers report to the master by a file; on a busy disk that could stall, in memory it cannot.
CMD ["gunicorn", "-c", "python:project.gunicorn", "--worker-tmp-dir", "/dev/shm", "project.wsgi"]
