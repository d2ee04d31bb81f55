"""What stops the stack before it can serve, in words for the person who started it."""


class StackError(Exception):
    """The stack cannot go on; the message says why and what to do about it."""


class StopRequestedError(Exception):
    """Somebody asked the stack to stop: Ctrl-C, SIGTERM, or the end of the process that started it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
