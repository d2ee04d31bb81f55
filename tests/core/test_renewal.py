"""Something done every few moments while a block runs, by one thread for all."""

import threading

import pytest

from apps.core.renewal import renewed

SOON = 0.02
PATIENCE_SECONDS = 10


class Renewals:
    """Counts, and lets a test wait for a number of renewals."""

    def __init__(self, answers=()) -> None:
        self.answers = list(answers)
        self.count = 0
        self.threads = set()
        self.changed = threading.Condition()

    def __call__(self) -> bool:
        with self.changed:
            self.count += 1
            self.threads.add(threading.get_ident())
            self.changed.notify_all()
            answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.count >= count, PATIENCE_SECONDS)


def test_it_is_renewed_while_the_block_runs_and_never_after():
    renewals = Renewals()
    with renewed(renewals, seconds=SOON):
        renewals.wait_for(3)
    after = renewals.count

    other = Renewals()
    with renewed(other, seconds=SOON):
        other.wait_for(3)
    assert renewals.count == after


def test_it_ends_when_there_is_nothing_to_renew():
    renewals, other = Renewals([True, False]), Renewals()
    with renewed(renewals, seconds=SOON), renewed(other, seconds=SOON):
        renewals.wait_for(2)
        other.wait_for(other.count + 3)
        assert renewals.count == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_fails_is_tried_again():
    renewals = Renewals([RuntimeError("not now")])
    with renewed(renewals, seconds=SOON):
        renewals.wait_for(2)


def test_a_later_one_that_is_due_earlier_is_not_kept_waiting():
    slow, quick = Renewals(), Renewals()
    with renewed(slow, seconds=3600), renewed(quick, seconds=SOON):
        quick.wait_for(2)
    assert slow.count == 0


def test_one_thread_serves_all():
    many = [Renewals() for _ in range(20)]
    blocks = [renewed(one, seconds=SOON) for one in many]
    for block in blocks:
        block.__enter__()
    for one in many:
        one.wait_for(2)
    for block in blocks:
        block.__exit__(None, None, None)

    assert len(set.union(*[one.threads for one in many])) == 1


def test_work_that_ends_at_once_starts_no_thread_of_its_own():
    with renewed(lambda: True, seconds=3600):
        before = threading.active_count()
    for _ in range(20):
        with renewed(lambda: True, seconds=3600):
            assert threading.active_count() == before
