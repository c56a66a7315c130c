"""What an import would do: which logins are one account, which of them is kept, and what rota has already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.foreign_files import ALICE, BOB, NOW, token

from rota.account import Identity, Kind
from rota.errors import Failure, Meaning, ProviderError
from rota.migrate import survey, told
from rota.migrate.borders import login
from rota.migrate.plan import Action, Checked, Known, Plan, PlanItem, make_plan
from rota.migrate.records import Fate, FileEdit, Found, Place, Problem, Reading, Record, SettingChange
from rota.providers.base import Credential
from rota.secret import Secret

EVERYTHING = frozenset({"opencode", "anthropic-multi-auth", "console-profiles"})


def who(key: str, email: str | None = None) -> Identity:
    return Identity(key=key, kind=Kind.SUBSCRIPTION, email=email)


def record(
    name: str,
    source: str = "anthropic-multi-auth",
    *,
    slot: str | None = None,
    expires_at: float = NOW + 3600,
    identity: Identity | None = None,
    label: str | None = None,
    owner: str | None = "opencode",
    shared: bool = True,
) -> Record:
    return Record(
        provider="anthropic",
        credential=login(Secret(token("oat", name)), Secret(token("ort", name)), expires_at),
        place=Place(source, Path(f"/{source}.json"), slot or name, owner=owner, shared=shared),
        identity=identity,
        label=label,
    )


def planned(
    *records: Record,
    known: tuple[Known, ...] = (),
    sharing: frozenset[str] = EVERYTHING,
    said: dict[str, Checked] | None = None,
) -> Plan:
    by_lineage = {record(name).lineage: answer for name, answer in (said or {}).items()}
    return make_plan([Reading("test", records=records)], known, by_lineage, sharing=sharing)


def actions(plan: Plan) -> list[Action]:
    return [item.action for item in plan.items]


def known(name: str | None, identity: str = ALICE, *, expires_at: float = NOW + 3600, ready: bool = True) -> Known:
    lineage = record(name).lineage if name is not None else None
    return Known("id-1", "anthropic", identity, "work", lineage, expires_at, ready)


def test_a_login_that_rota_renewed_since_is_not_somebody_new() -> None:
    mine = replace(known("new"), past=frozenset({record("old").lineage}))
    (item,) = planned(record("old", "opencode", slot="anthropic"), known=(mine,)).items
    assert (item.action, item.target) == (Action.SAME, "id-1")
    assert item.reason == "rota has renewed this login since"
    dead = replace(mine, ready=False)  # then whatever the other tool has may be better than nothing
    assert actions(planned(record("old", "opencode", slot="anthropic"), known=(dead,))) == [Action.RENEWS]


def test_one_login_in_two_files_is_one_account() -> None:
    plan = planned(record("a", label="work"), record("a", "opencode", slot="anthropic"))

    assert actions(plan) == [Action.NEW, Action.SAME]
    first, second = plan.items
    assert [place.source for place in first.places] == ["anthropic-multi-auth", "opencode"]
    assert second.places == ()
    assert "the same login" in second.reason


def test_of_two_logins_of_one_identity_the_newest_is_kept() -> None:
    plan = planned(
        record("old", expires_at=NOW, identity=who(ALICE)),
        record("new", "opencode", expires_at=NOW + 9, identity=who(ALICE)),
        record("other", identity=who(BOB)),
    )

    assert actions(plan) == [Action.SAME, Action.NEW, Action.NEW]
    assert "an older login" in plan.items[0].reason
    assert plan.items[1].places == (plan.items[1].record.place,)


def test_a_living_login_beats_a_newer_dead_one() -> None:
    plan = planned(
        record("dead", expires_at=NOW + 99),
        record("alive", expires_at=NOW + 9),
        said={"dead": Checked(identity=who(ALICE), dead=True), "alive": Checked(identity=who(ALICE))},
    )
    assert actions(plan) == [Action.SAME, Action.NEW]


def test_the_provider_tells_that_two_files_hold_one_identity() -> None:
    said = {"a": Checked(identity=who(ALICE, "a@x")), "b": Checked(identity=who(ALICE))}
    plan = planned(record("a"), record("b"), said=said)
    assert actions(plan) == [Action.NEW, Action.SAME]
    assert plan.items[0].identity.key == ALICE


def test_three_files_linked_in_pairs_are_one_account() -> None:
    # One and two share a login, two and three an identity.
    plan = planned(
        record("x", expires_at=NOW),
        record("x", "opencode", expires_at=NOW, identity=who(ALICE)),
        record("y", identity=who(ALICE)),
    )
    assert actions(plan) == [Action.SAME, Action.SAME, Action.NEW]


def test_an_unchecked_login_goes_by_its_chain_of_tokens() -> None:
    (item,) = planned(record("a", label="mine")).items
    assert item.identity.key == f"login-{record('a').lineage}"
    assert item.reason == "not checked yet"


def test_a_dead_login_is_brought_in_to_sign_in_again_or_left_out() -> None:
    plan = planned(record("a"), said={"a": Checked(dead=True)})
    assert actions(plan) == [Action.DEAD]
    assert actions(plan.without_dead()) == [Action.SKIPPED]
    assert plan.without_dead().changes_nothing


def test_an_item_can_be_left_out_by_its_key() -> None:
    plan = planned(record("a"), record("b"))
    assert actions(plan.without([plan.items[0].key])) == [Action.SKIPPED, Action.NEW]


AGAINST = [
    # the very login
    (known("a"), None, Action.SAME),
    # the very login, though rota never learned whose it is
    (known("a", "login-whatever"), None, Action.SAME),
    # the same identity, an older login
    (known("b", expires_at=NOW + 9999), None, Action.SAME),
    # the same identity, a newer login
    (known("b", expires_at=NOW), None, Action.RENEWS),
    # rota's own needs a sign-in
    (known("b", expires_at=NOW + 9999, ready=False), None, Action.RENEWS),
    # rota's own is gone from the vault
    (known(None), None, Action.RENEWS),
    # a dead login renews nothing
    (known("b", expires_at=NOW, ready=False), Checked(identity=who(ALICE), dead=True), Action.SAME),
    # somebody else
    (known("b", BOB), None, Action.NEW),
]


@pytest.mark.parametrize(("have", "said", "expected"), AGAINST)
def test_a_login_is_held_against_what_rota_has(have: Known, said: Checked | None, expected: Action) -> None:
    checked = {} if said is None else {"a": said}
    plan = planned(record("a", identity=who(ALICE)), known=(have,), said=checked)
    assert actions(plan) == [expected]
    assert plan.items[0].target == (None if expected is Action.NEW else "id-1")


OWNERS = [
    # shared: rota renews it and writes it back
    ([record("a", "opencode")], EVERYTHING, None),
    # sharing is off: OpenCode's own
    ([record("a", "opencode")], frozenset[str](), "opencode"),
    # Claude Code's login is never rota's
    ([record("a", "claude-code", owner="claude-code", shared=False)], EVERYTHING, "claude-code"),
    # one copy that rota cannot write to is enough
    ([record("a", "opencode"), record("a", "x", slot="env", shared=False)], EVERYTHING, "opencode"),
    # a copy that nobody renews does not count
    ([record("a", "opencode", owner=None, shared=False)], EVERYTHING, None),
]


@pytest.mark.parametrize(("records", "sharing", "owner"), OWNERS)
def test_who_renews_a_login_follows_from_where_it_stands(
    records: list[Record], sharing: frozenset[str], owner: str | None
) -> None:
    plan = planned(*records, sharing=sharing)
    assert plan.items[0].record.credential.owner == owner


def test_a_login_that_rota_may_renew_is_kept_before_one_it_may_only_read() -> None:
    plan = planned(
        record("cc", "claude-code", owner="claude-code", shared=False, expires_at=NOW + 99, identity=who(ALICE)),
        record("oc", "opencode", expires_at=NOW + 9, identity=who(ALICE)),
    )
    assert actions(plan) == [Action.SAME, Action.NEW]


def test_what_the_other_files_know_comes_along() -> None:
    kept = replace(record("a"), limited_until=NOW + 5, enabled=False, active=True)
    plan = planned(record("a", "opencode", label="from opencode"), kept)
    merged = plan.items[0].record
    assert (merged.label, merged.limited_until, merged.enabled, merged.active) == (
        "from opencode",
        NOW + 5,
        False,
        True,
    )


def test_a_setting_that_is_so_already_changes_nothing() -> None:
    change = SettingChange("debug", "true", Fate.CARRIED, "The same switch.", "debug", "true")
    reading = Reading("puter.json", settings=(change,))
    assert make_plan([reading], current=lambda key: "true").changes_nothing
    assert not make_plan([reading], current=lambda key: "false").changes_nothing


def test_a_subscription_asks_for_the_notice_and_a_key_does_not() -> None:
    key = Record("anthropic", Credential(Kind.API_KEY, Secret("k")), Place("environment", None, "ANTHROPIC_API_KEY"))
    assert planned(record("a")).needs_notice
    assert not planned(key).needs_notice


def test_the_dry_run_says_all_of_it_and_shows_no_secret() -> None:
    readings = [
        Reading(
            "anthropic-multi-auth",
            found=(Found("anthropic-multi-auth", Path("/a.json"), "accounts", exposed=True),),
            records=(record("a", label="work"), record("b", label="[red]home")),
            problems=(Problem("/a.json", "accounts[2].refresh", "it is missing", "Sign in again."),),
            settings=(SettingChange("debug", "true", Fate.CARRIED, "The same switch.", "debug", "true"),),
            edits=(FileEdit(Path("/o.json"), '{"a": 1}', '{"a": 2}'),),
        )
    ]
    plan = make_plan(readings, [known("b")], {}, current=lambda key: "false")

    text = told.text(plan)

    assert "new: work (anthropic)" in text
    assert "same as work: [red]home" in text
    assert "debug = true: carried, debug = true." in text
    assert '-{"a": 1}' in text
    assert "/a.json, accounts[2].refresh: it is missing. Sign in again." in text
    assert "1 new, 1 same as" in text
    assert "sk-ant" not in text + repr(plan)
    assert told.text(Plan()) == "Nothing to import was found on this machine."


# --- asking the providers ----------------------------------------------------------------------------------


async def test_every_login_is_asked_about_once_and_none_is_spent() -> None:
    asked: list[str] = []

    async def identify(provider: str, credential: Credential) -> Identity:
        asked.append(credential.secret.fingerprint())
        if credential.secret == Secret(token("oat", "dead")):
            raise ProviderError(Failure(Meaning.LOGIN_DEAD, "revoked"))
        if credential.secret == Secret(token("oat", "far")):
            raise ProviderError(Failure(Meaning.NETWORK, "no route"))
        return who(ALICE)

    records = (record("ok"), record("ok", "opencode"), record("dead"), record("far"), record("ended", expires_at=NOW))
    checked = await survey.check([Reading("test", records=records)], identify, NOW)

    said = {name: checked[record(name).lineage] for name in ("ok", "dead", "far", "ended")}
    assert len(asked) == 3
    assert said["ok"].identity == who(ALICE)
    assert said["dead"].dead
    assert not said["far"].dead
    assert "no route" in (said["far"].problem or "")
    assert not said["ended"].dead
    assert "at its first use" in (said["ended"].problem or "")


def test_an_item_has_the_best_name_there_is() -> None:
    (item,) = planned(record("a", identity=who(ALICE, "a@example.com"))).items
    assert isinstance(item, PlanItem)
    assert item.name == "a@example.com"
