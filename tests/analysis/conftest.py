import pytest

from tests.making import make_recording


@pytest.fixture
def recording(workspace):
    return make_recording(workspace)
