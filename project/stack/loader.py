"""The supervisor's side of `preload`: start processes by forking the loaded application."""

import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace

from project.stack.children import Spec, spawn
from project.stack.environment import ROOT
from project.stack.home import Home

READY = b"ready"
MAX_BYTES = 65_536
ANSWER_SECONDS = 5.0

TITLE_BYTES = 400
"""Room for the command lines of the forked processes: an argument of so many spaces holds it open."""


class Loader:
    """The process that has the application loaded."""

    def __init__(self, home: Home, environment: Mapping[str, str]) -> None:
        self.spec = Spec(
            name="loader",
            command=(sys.executable, "-m", "project.stack.preload", " " * TITLE_BYTES),
            environment=environment,
            directory=ROOT,
            log=home.log("loader"),
            spawn=self._start,
            is_ready=lambda _pid: self._is_loaded(),
        )
        self._channel: socket.socket | None = None
        self._loaded = False

    def forked(self, spec: Spec) -> Spec:
        """Return a process of ours that is forked from here, or started as a program while nothing is loaded."""
        return replace(spec, spawn=self._fork)

    def _start(self, spec: Spec) -> int:
        self._close()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return spawn(spec, standard_input=theirs.fileno())

    def _is_loaded(self) -> bool:
        if self._channel is not None and not self._loaded:
            self._channel.settimeout(0)
            try:
                self._loaded = self._channel.recv(MAX_BYTES) == READY
            except OSError:
                return False
        return self._loaded

    def _fork(self, spec: Spec) -> int:
        pid = self._ask(spec) if self._is_loaded() else None
        return spawn(spec) if pid is None else pid

    def _ask(self, spec: Spec) -> int | None:
        """Have a process forked; None where the loader does not answer. It then notices, ends and comes back."""
        own = dict(spec.environment.items() - self.spec.environment.items())
        request = {"arguments": spec.command[1:], "environment": own, "log": os.fspath(spec.log or os.devnull)}
        if self._channel is None:
            return None
        self._channel.settimeout(ANSWER_SECONDS)
        try:
            self._channel.send(json.dumps(request).encode())
            if answer := self._channel.recv(MAX_BYTES):
                return int(answer)
        except OSError:
            pass
        self._close()
        return None

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        self._loaded = False
