"""Sharing on pages: an owner says who shares, members see their own part, strangers nothing."""

import re

import pytest

from billing.escrow.test_pages import seen, sent
from contracts.conftest import alma, bo, carla, nobody, person

pytestmark = pytest.mark.slow

__all__ = ["alma", "bo", "carla", "nobody", "person"]


@pytest.fixture
def slug(alma):
    return alma.dataset(release=False)["slug"]


def form(*lines, **more):
    return {"percent": "25", "way": "equal", "members": "\n".join(lines), "seen": "0", **more}


def agreed(alma, slug):
    return alma.get(f"/api/datasets/{slug}/shares")["items"][0]


def test_a_dataset_says_to_its_provider_alone_how_its_income_is_shared(alma, bo, slug):
    page = seen(alma, f"/datasets/{slug}")
    assert "is all yours" in page
    assert f"/datasets/{slug}/shares" in page
    assert f"/datasets/{slug}/shares" in seen(alma, "/billing/shares")
    assert f"/datasets/{slug}/shares" not in seen(bo, f"/datasets/{slug}")
    assert 'href="/billing/shares"' in seen(alma, "/desk")


def test_an_owner_shares_the_income_on_the_page_and_changes_it(alma, bo, carla, slug):
    path = f"/datasets/{slug}/shares"
    assert "is all yours" in seen(alma, path)

    assert sent(alma, path, **form(bo.slug, carla.slug, percent="12,5")) == path

    held = agreed(alma, slug)
    assert (held["portion"], held["way"], len(held["members"])) == (1_250, "equal", 2)
    page = seen(alma, path)
    assert "<strong>12.5 %</strong>" in page
    assert "keeps 87.5 %" in page
    assert "12.5 % of what you earn" in seen(alma, f"/datasets/{slug}")
    # The form is filled in as it is in force, and is sent back as it is.
    filled = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page)[1].split()
    assert filled == [one["party"] for one in held["members"]]
    sent(alma, path, **form(f"{bo.slug}: 1,000", way="contribution", seen="1"))
    assert agreed(alma, slug)["members"][0]["weight"] == 1_000
    assert "1,000" in seen(alma, path)
    sent(alma, path, **form(percent="", seen="2"))
    assert "Nobody shares in it no more" in seen(alma, path)


def test_columns_and_coalitions_are_entered_a_line_each(alma, bo, carla, slug):
    path = f"/datasets/{slug}/shares"
    lines = (f"{bo.slug}: garage, occupied", f"{carla.slug}: at")

    sent(alma, path, **form(*lines, way="columns"))
    assert sorted(one["columns"] for one in agreed(alma, slug)["members"]) == [
        ["at"],
        ["garage", "occupied"],
    ]
    assert "so that the values are exact" in seen(alma, path)
    worths = f"{bo.slug} = 10\n{bo.slug} + {carla.slug} = 40"
    sent(alma, path, **form(bo.slug, carla.slug, way="table", worths=worths, seen="1"))
    page = seen(alma, path)
    assert "worth of coalitions" in page
    assert f"{bo.slug} + {carla.slug} = 40" in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"percent": "101"}, "no percentage"),
        ({"percent": "1.250"}, "no percentage"),
        ({"way": "luck"}, "the way is one of those"),
        ({"members": "Not A Name"}, "line 1 of the members"),
        ({"members": "nobody-knows-it"}, "there is no party nobody-knows-it"),
        ({"members": "\n".join(f"x-{n}" for n in range(901))}, "901 members, and 900 are most"),
        ({"way": "contribution", "members": "x-1"}, "has no weight"),
        ({"way": "columns", "members": "x-1:"}, "has no columns"),
        ({"members": "x-1: 12"}, "more than a short name"),
        ({"way": "table", "worths": "x-1 and y"}, "line 1 of the coalitions"),
    ],
)
def test_what_cannot_be_shared_like_that_comes_back_as_it_was_entered(alma, bo, slug, wrong, said):
    entered = form(bo.slug) | wrong

    page = sent(alma, f"/datasets/{slug}/shares", 422, **entered)

    assert 'role="alert"' in page
    assert said in page
    assert f'value="{entered["percent"]}"' in page
    assert entered["members"] in page
    alma.get(f"/api/datasets/{slug}/shares", 404)


def test_who_read_an_older_version_is_told_and_loses_nothing_that_was_entered(
    alma, bo, carla, slug
):
    path = f"/datasets/{slug}/shares"
    sent(alma, path, **form(bo.slug))

    page = sent(alma, path, 409, **form(carla.slug))

    assert "at version 1 by now" in page
    assert carla.slug in page
    assert agreed(alma, slug)["members"][0]["party"] == bo.slug


def test_a_member_sees_its_own_part_for_as_long_as_it_has_one(alma, bo, carla, slug):
    path = f"/datasets/{slug}/shares"
    sent(alma, path, **form(bo.slug, carla.slug))

    page = seen(bo, path)
    assert bo.slug in page
    assert carla.slug not in page
    assert "<textarea" not in page
    assert path in seen(bo, "/billing/earnings")

    sent(alma, path, **form(carla.slug, seen="1"))
    assert "You share in it no more" in seen(bo, path)
    assert path not in seen(bo, "/billing/earnings")
    assert "You see your own part" in seen(carla, path)


def test_strangers_see_nothing_and_agree_nothing(alma, bo, carla, nobody, slug):
    path = f"/datasets/{slug}/shares"
    sent(alma, path, **form(bo.slug))

    seen(carla, path, 404)
    sent(carla, path, 403, **form(carla.slug))
    # Nor which parties there are.
    sent(carla, path, 403, **form("nobody-knows-it"))
    carla.send("PUT", f"/api{path}", {"portion": 1, "members": [{"party": "no-one"}]}, 403)
    sent(bo, path, 403, **form(bo.slug))
    sent(nobody, path, 401, **form(bo.slug))
    assert nobody.client.get(path, headers={"accept": "text/html"}).status_code == 401
    assert "You share in no" in seen(carla, "/billing/earnings")


def test_who_is_no_owner_sees_how_it_is_shared_and_changes_nothing(alma, bo, carla, slug):
    path = f"/datasets/{slug}/shares"
    sent(alma, path, **form(bo.slug))
    members = f"/api/organisations/{alma.slug}/members"
    alma.post(members, {"email": carla.caller.email, "role": "steward"})
    steward = carla.acting_for(alma.slug)

    page = seen(steward, path)

    assert bo.slug in page
    assert "<textarea" not in page
    sent(steward, path, 403, **form(carla.slug, seen="1"))
