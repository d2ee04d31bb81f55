"""Django settings. Values come from the environment (see environment.py); `.env.example` lists every name."""

from datetime import timedelta
from typing import Any

import django_stubs_ext
from botocore.config import Config
from django.urls import reverse_lazy
from kombu import Queue

from apps.core.logs import logging_config
from project.admin_theme import UNFOLD  # noqa: F401 - the theme reads it
from project.environment import HOME, ROOT, env, positive, read_files, required, secret_key

django_stubs_ext.monkeypatch()
read_files()

VERSION = "0.1.0"

# --- Who may talk to us ------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_key()
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL: str = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{env.int('PORT', default=8000)}")
"""Address that people see; links in messages start with it."""

# Served over TLS: secure cookies, HSTS, redirects. Off on a laptop, on in docker-compose.yml.
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # probes come from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'", "'unsafe-inline'"],  # Alpine in the admin theme needs both
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- The house ---------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "django_filters",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "apps.core",
    "apps.accounts",
    "apps.providers",
    "apps.recordings",
    "apps.transcripts",
    "apps.analysis",
    "apps.pipeline",
    "apps.api",
    "apps.staff",
    "project",
]

MIDDLEWARE = [
    "apps.api.middleware.RequestIdentity",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # half a translation would be worse than none
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = ROOT / "staticfiles"
# Without a collected manifest (a laptop) WhiteNoise serves straight from the packages.
WHITENOISE_USE_FINDERS = True

# --- Database, cache, storage ------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {"default": {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DATABASES["default"] |= env.db_url_config(required("DATABASE_URL"))
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 5, "application_name": "voxpersona"}

REDIS_URL: str = required("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 3, "socket_connect_timeout": 2},
    },
}

S3_TIMEOUT_SECONDS = positive("S3_TIMEOUT_SECONDS", 7)
"""The longest wait for one answer, or the next bytes, of the object storage."""
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": required("S3_ENDPOINT_URL"),
            "access_key": required("S3_ACCESS_KEY_ID"),
            "secret_key": required("S3_SECRET_ACCESS_KEY"),
            "bucket_name": env.str("S3_BUCKET", default="voxpersona"),
            "region_name": env.str("S3_REGION", default="us-east-1"),
            "default_acl": None,
            "file_overwrite": True,  # keys hold an identifier: they never collide by accident
            "querystring_auth": True,
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},  # not every server has a host name per bucket
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                # A storage that hangs is asked twice: after 15 s at most an upload is answered with 503, and a stage is
                # postponed. Each part is a request of its own, and completing 2 GB takes rclone 0.2 s.
                connect_timeout=min(3, S3_TIMEOUT_SECONDS),
                read_timeout=S3_TIMEOUT_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=32,  # each thread of a web process may receive one upload and send its parts
            ),
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Uploads -----------------------------------------------------------------------------------------------

UPLOAD_MAX_BYTES = positive("UPLOAD_MAX_BYTES", 2 * 1024**3)
AUDIO_MAX_SECONDS = positive("AUDIO_MAX_SECONDS", 4 * 3600)
UPLOADS_PER_MINUTE = positive("UPLOADS_PER_MINUTE", 100)
REQUESTS_PER_MINUTE = positive("REQUESTS_PER_MINUTE", 600)
EVENT_STREAMS_PER_PROCESS = positive("EVENT_STREAMS_PER_PROCESS", 6)
"""Each stream of events keeps a thread of the web server; what is left serves everybody else."""
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=positive("IDEMPOTENCY_KEY_HOURS", 24))

# --- Processing --------------------------------------------------------------------------------------------

CHUNK_TARGET_SECONDS = positive("CHUNK_TARGET_SECONDS", 45)
"""A chunk ends in the first good silence after this much audio."""
CHUNK_MAX_SECONDS = positive("CHUNK_MAX_SECONDS", 90)
ASSUMED_LANGUAGE_CODE: str = env.str("ASSUMED_LANGUAGE_CODE", default="en")
"""Taken where nobody named a language and no engine can tell; the transcript then says so."""
COVERAGE_MIN_SHARE = env.float("COVERAGE_MIN_SHARE", default=0.95)
"""Share of the detected speech that must have text before a recording is `completed`."""
COVERAGE_MAX_GAP_SECONDS = positive("COVERAGE_MAX_GAP_SECONDS", 10)

STAGE_LEASE_SECONDS = positive("STAGE_LEASE_SECONDS", 60)
STAGE_HEARTBEAT_SECONDS = positive("STAGE_HEARTBEAT_SECONDS", 15)
STAGE_MAX_ATTEMPTS = positive("STAGE_MAX_ATTEMPTS", 5)
SWEEP_SECONDS = positive("SWEEP_SECONDS", 5)
PROVIDER_TIMEOUT_SECONDS = positive("PROVIDER_TIMEOUT_SECONDS", 120)
"""The longest that one call of an engine may take."""
STAGE_SOFT_LIMIT_SECONDS = positive("STAGE_SOFT_LIMIT_SECONDS", 1800)
STAGE_HARD_LIMIT_SECONDS = positive("STAGE_HARD_LIMIT_SECONDS", 1860)
SOFT_SHUTDOWN_SECONDS = positive("SOFT_SHUTDOWN_SECONDS", 130)
STOP_GRACE_SECONDS = positive("STOP_GRACE_SECONDS", 150)
"""What docker-compose.yml gives a worker between SIGTERM and SIGKILL."""
VISIBILITY_TIMEOUT_SECONDS = positive("VISIBILITY_TIMEOUT_SECONDS", 7200)

# Builders of engines, in the order in which they are asked (apps/providers/registry.py).
SPEECH_ENGINES: list[str] = env.list("SPEECH_ENGINES", default=["apps.providers.adapters.pocketsphinx.build"])
LANGUAGE_ENGINES: list[str] = env.list("LANGUAGE_ENGINES", default=["apps.providers.adapters.local.build"])

# --- Celery: a message is a hint, the stage table is the truth (docs/decisions/0001) ---------------------------

CELERY_BROKER_URL = REDIS_URL
# Results live in PostgreSQL. A result backend would stall publishing for 19 s when the broker is away.
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
# Arguments are ids; pickle would let anyone who can write to the broker run code.
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Acknowledged before the work: a lost hint is found by the sweep, and a poison stage cannot loop in the broker.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_REJECT_ON_WORKER_LOST = False
# Nothing waits inside a worker, so nothing is redelivered while it waits and no child hoards work.
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A worker that is told to stop lets calls in flight end: a deploy never pays twice.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = SOFT_SHUTDOWN_SECONDS
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
# When the broker restarts, running stages go on: their rows, not their messages, say that they run.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# Connections to the database outlive tasks: opening one costs more than the rest of a short stage. Broken and old ones
# are dropped between tasks (project/celery.py).
CELERY_DB_REUSE_MAX = 1_000_000
# Children are renewed, in case something leaks; what is known to (audio libraries) runs in processes of its own.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB
# Flower shows workers and queues from broadcasts; per-task events would double the broker's traffic.
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SEND_SENT_EVENT = False
# A publish is tried once (on a fresh connection where the broker was restarted): the sweep sends the hint later. With a
# second try, a broker that hangs would be waited for three times.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 0}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives any outage of the broker
CELERY_BROKER_POOL_LIMIT = 10
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT_SECONDS
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
    # No message has a priority; each step would be one more list per queue to wait at.
    "priority_steps": [0],
    # The default sweep for lost messages takes about 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 2,
    # A broker that accepts and never answers blocks nobody for longer than this, and a request for less
    # (project/gunicorn.py).
    "socket_timeout": positive("BROKER_SOCKET_TIMEOUT_SECONDS", 3),
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
# Kinds of work that must not wait for each other: decoding, speech, language models, deliveries.
CELERY_TASK_QUEUES = [Queue(name) for name in ("media", "stt", "llm", "deliver", "default")]
CELERY_TASK_SOFT_TIME_LIMIT = STAGE_SOFT_LIMIT_SECONDS
CELERY_TASK_TIME_LIMIT = STAGE_HARD_LIMIT_SECONDS
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Beat notes each ring at once, so that the admin and its health check see whether it lives.
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds until a changed schedule is noticed
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- HTTP for programs -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.throttles.RequestRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.api.parsers.BoundedJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.api.negotiation.IgnoreFormatParameter",
    "EXCEPTION_HANDLER": "apps.api.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VoxPersona",
    "DESCRIPTION": "Recordings in, transcripts with speakers and times and reports with evidence out.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",  # operations are grouped by what stands behind it
}

# --- Logs and error tracking -------------------------------------------------------------------------------

LOG_JSON = env.bool("LOG_JSON", default=not DEBUG)
LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(as_json=LOG_JSON, level=LOG_LEVEL)
LOGGING_CONFIG = "apps.core.logs.configure"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # apps.api.middleware has looked at it

SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT: str = env.str("SENTRY_ENVIRONMENT", default="production")

VOX_HOME = HOME
FLOWER_PORT = positive("FLOWER_PORT", 5555)
