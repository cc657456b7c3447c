"""The interface's description of itself is whole: every call has a name, a room and words."""

from collections import Counter

from docs.generate import openapi

METHODS = {"get", "head", "post", "put", "patch", "delete"}


def calls():
    paths = openapi()["paths"]
    return [
        (f"{method.upper()} {path}", described)
        for path, methods in paths.items()
        for method, described in methods.items()
        if method in METHODS
    ]


def test_the_description_is_openapi_3_1():
    assert openapi()["openapi"].startswith("3.1")


def test_every_call_has_a_name_of_its_own_a_room_and_words():
    names = Counter(said["operationId"] for _call, said in calls())

    assert [name for name, times in names.items() if times > 1] == []
    assert [call for call, said in calls() if not said.get("tags")] == []
    assert [call for call, said in calls() if not said.get("description")] == []


def test_what_goes_wrong_is_described_as_a_problem():
    problem = openapi()["components"]["schemas"]["Problem"]

    assert {"type", "status", "code", "title"} == set(problem["required"])
    assert [
        f"{call}: {status}"
        for call, said in calls()
        for status, answer in said["responses"].items()
        if status >= "400" and not answer.get("content")
    ] == []
