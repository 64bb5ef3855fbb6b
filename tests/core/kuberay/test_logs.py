"""Time stamps of a log's lines, and which container prints what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.kuberay.logs import Stamp, printing_container, stamped
from orchestrator.core.manifests.naming import Role

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@given(moment=MOMENTS, nanoseconds=st.integers(0, 999), text=st.binary(max_size=50), hours=st.integers(-12, 14))
def test_a_line_and_its_stamp_are_told_apart_wherever_the_node_is(
    moment: datetime, nanoseconds: int, text: bytes, hours: int
) -> None:
    local = moment.astimezone(timezone(timedelta(hours=hours)))
    zone = local.strftime("%z")
    written = f"{local:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}{nanoseconds:03}{zone[:3]}:{zone[3:]} "
    stamp, rest = stamped(written.encode() + text)
    assert rest == text
    assert stamp is not None
    assert stamp[:2] == (int(moment.replace(microsecond=0).timestamp()), moment.microsecond * 1000 + nanoseconds)


def test_a_stamp_without_trailing_zeros_is_in_its_order() -> None:
    one, _ = stamped(b"2026-01-01T00:00:00.6Z a")
    other, _ = stamped(b"2026-01-01T00:00:00.66Z b")
    assert one == Stamp(1767225600, 600_000_000, "2026-01-01T00:00:00Z")
    assert other is not None
    assert one < other


@pytest.mark.parametrize("line", [b"", b"no stamp", b"2026-13-01T00:00:00Z no month"])
def test_a_line_without_a_stamp_is_left_as_it_is(line: bytes) -> None:
    assert stamped(line) == (None, line)


@pytest.mark.parametrize("role", list(Role))
def test_of_each_role_one_container_is_known(role: Role) -> None:
    assert printing_container(role)
    assert (printing_container(role, previous=True) == printing_container(role)) is (role is not Role.ENGINE)
