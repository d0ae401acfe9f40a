"""JUnit reports, honest ones and others."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.junit import BadReport, read_junit


def report(*cases: str) -> bytes:
    body = "".join(cases)
    return f'<?xml version="1.0"?><testsuites><testsuite>{body}</testsuite></testsuites>'.encode()


def test_every_status_is_told_apart() -> None:
    cases = read_junit(
        report(
            '<testcase classname="a.b" name="ok" file="a/b.py" time="1.5"/>',
            '<testcase name="bad"><failure message="m">text</failure></testcase>',
            '<testcase name="err"><error message="m"/></testcase>',
            '<testcase name="skip"><skipped type="pytest.skip" message="why"/></testcase>',
            '<testcase name="xf"><skipped type="pytest.xfail" message="why"/></testcase>',
            '<testcase name="both"><failure/><error/><system-out>x</system-out></testcase>',
            '<testcase name="out"><system-err>failure</system-err></testcase>',
        )
    )
    assert [(case.name, case.status) for case in cases] == [
        ("ok", "passed"),
        ("bad", "failed"),
        ("err", "error"),
        ("skip", "skipped"),
        ("xf", "xfailed"),
        ("both", "failed"),
        ("out", "passed"),
    ]
    assert (cases[0].classname, cases[0].file, cases[0].seconds) == ("a.b", "a/b.py", 1.5)
    assert (cases[1].summary, cases[1].text) == ("m", "text")


_BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not valid XML"),
        (b"<testsuite>", "not valid XML"),
        (b"\xff\xfe\x00", "not valid XML"),
        (b"<html/>", "no JUnit report"),
        (b"<x><testcase name='a'/></x>", "no JUnit report"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><testsuite/>', "document type"),
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{_BOMB}]><testsuite>&l9;</testsuite>'.encode(), "type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuite/>', "document type"),
        (b'<testsuite><testcase name="&undefined;"/></testsuite>', "not valid XML"),
    ],
)
def test_what_is_no_report_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadReport, match=said):
        read_junit(data)


def test_odd_numbers_and_long_messages_are_bounded() -> None:
    long = "x" * 100_000
    odd = read_junit(
        report(
            *(f'<testcase name="t" time="{time}"/>' for time in ("nan", "inf", "-1", "1e99", "x")),
            f'<testcase name="long"><failure message="{long}">{long}END</failure></testcase>',
        )
    )
    assert [case.seconds for case in odd] == [0.0] * 6
    assert len(odd[-1].summary) < 20_000
    assert len(odd[-1].text) < 20_000
    assert odd[-1].text.endswith("END")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_anything_at_all_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadReport):
        read_junit(b"<testsuite>" + data + b"</testsuite>")
