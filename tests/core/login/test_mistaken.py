"""A secret in the wrong place: said before any provider sees it, and nothing else is refused."""

from __future__ import annotations

import pytest

from rota.login.mistaken import mistaken
from rota.secret import Secret

# whose secret is asked for, what is pasted, what it looks like, where it belongs
WRONG = [
    ("anthropic", "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoidCJ9.c2ln", "token of Puter", "account of Puter"),
    ("anthropic", "sk-ant-oat01-abc", "login of a Claude subscription", "in the browser"),
    ("anthropic", "sk-ant-ort01-abc", "login of a Claude subscription", "in the browser"),
    ("anthropic", "sk-ant-admin01-abc", "Admin key", "add an API key"),
    ("anthropic", "sk-proj-abc", "key of OpenAI", "neither takes it"),
    ("anthropic", "sk-or-v1-abc", "key of OpenRouter", "neither takes it"),
    ("puter", "sk-ant-api03-abc", "API key of Anthropic", "account of Anthropic"),
    ("puter", "sk-ant-oat01-abc", "login of a Claude subscription", "in the browser"),
    ("puter", "sk-svcacct-abc", "key of OpenAI", "neither takes it"),
]


@pytest.mark.parametrize(("provider", "pasted", "looks_like", "belongs"), WRONG)
def test_a_secret_of_another_kind_is_called_by_its_name(
    provider: str, pasted: str, looks_like: str, belongs: str
) -> None:
    told = mistaken(provider, Secret(pasted))
    assert told is not None
    assert looks_like in told.in_full
    assert belongs in told.in_full
    assert pasted not in told.in_full


@pytest.mark.parametrize(
    ("provider", "pasted"),
    [
        ("anthropic", "sk-ant-api03-abc"),
        ("anthropic", "sk-ant-what-comes-next"),
        ("anthropic", "sk-abc"),  # what is before the provider may have keys of its own
        ("anthropic", "anything"),
        ("puter", "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoidCJ9.c2ln"),
        ("puter", "anything"),
        ("of-a-package", "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoidCJ9.c2ln"),
        ("of-a-package", "sk-proj-abc"),
    ],
)
def test_what_may_be_right_is_left_to_the_provider(provider: str, pasted: str) -> None:
    assert mistaken(provider, Secret(pasted)) is None
