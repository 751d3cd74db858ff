"""The generated OpenAPI, fuzzed: no request whatever gets a 5xx, and every answer is as described."""

from collections.abc import Iterator

import pytest
import schemathesis
from gateway import OWNER, Running, limits, running
from hypothesis import HealthCheck, given, settings
from patience import LIMIT
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("fuzz"), choices=limits()) as found:
        yield found


@pytest.mark.filterwarnings("ignore")  # the fuzzer's own
def test_no_request_gets_a_5xx_and_answers_are_as_described(where: Running) -> None:
    schema = schemathesis.openapi.from_url(f"{where.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 7

    for operation in operations:

        @settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def fuzz(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {OWNER}"}, checks=CHECKS, timeout=LIMIT)

        fuzz()


def test_a_stream_is_as_described(where: Running) -> None:
    chat = schemathesis.openapi.from_url(f"{where.url}/openapi.json")["/v1/chat/completions"]["POST"]
    for text in ("hi", "hi !error"):
        case = chat.Case(body={"messages": [{"role": "user", "content": text}], "stream": True})
        answer = case.call(headers={"Authorization": f"Bearer {OWNER}"}, timeout=LIMIT)
        assert "text/event-stream" in answer.headers["content-type"][0]
        case.validate_response(answer, checks=CHECKS)
