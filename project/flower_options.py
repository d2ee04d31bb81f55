"""Flower's configuration file, named by `--conf`: it is run before Flower starts.

What differs between places (the password) comes from variables FLOWER_...; here is what is the same everywhere.
"""

from flower.views.monitor import Metrics
from tornado.web import authenticated

# Flower would tell each worker to report each task, whatever CELERY_WORKER_SEND_TASK_EVENTS says.
enable_events = False

# Flower shows the names of workers and tasks here to everybody, also where it asks for a password elsewhere.
Metrics.get = authenticated(Metrics.get)
