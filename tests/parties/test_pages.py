"""The pages of signing in, up and out, as a browser meets them."""

import re

import pytest
from sqlalchemy import text

PASSWORD = "a square with many stalls"


def test_a_visitor_makes_an_account_and_is_signed_in(nobody):
    assert "Make an account" in nobody.get("/sign-up").text
    form = {"name": "Dorte", "email": "dorte@example.org", "password": PASSWORD, "next": "/docs"}
    made = nobody.post("/sign-up", data=form, follow_redirects=False)

    assert (made.status_code, made.headers["location"]) == (303, "/docs")
    assert nobody.get("/api/me").json()["name"] == "Dorte"


def test_signing_in_leads_back_to_the_page_that_asked(alma, nobody):
    page = nobody.get("/sign-in?next=/docs?a=1%26b=2").text
    target = re.search(r'name="next" value="([^"]*)"', page)[1].replace("&amp;", "&")
    entered = nobody.post(
        "/sign-in",
        data={"email": alma.email, "password": PASSWORD, "next": target},
        follow_redirects=False,
    )

    assert (entered.status_code, entered.headers["location"]) == (303, "/docs?a=1&b=2")
    assert nobody.get("/api/me").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(alma, nobody, target):
    entered = nobody.post(
        "/sign-in",
        data={"email": alma.email, "password": PASSWORD, "next": target},
        follow_redirects=False,
    )

    assert entered.headers["location"] == "/"


def test_a_wrong_password_is_said_and_the_address_kept(alma, nobody):
    answer = nobody.post("/sign-in", data={"email": alma.email, "password": "a guess"})

    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert f'value="{alma.email}"' in answer.text
    assert "a guess" not in answer.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "email": "e@example.org", "password": PASSWORD}, "what others may call you"),
        ({"name": "E", "email": "nonsense", "password": PASSWORD}, "no e-mail address"),
        ({"name": "E", "email": "e@example.org", "password": "short"}, "at least 10 characters"),
        (
            {"name": "E", "email": "e@example.org", "password": PASSWORD, "invitation": "x"},
            "can be made without",
        ),
    ],
)
def test_what_is_wrong_with_a_sign_up_is_said_on_the_page(nobody, form, said):
    answer = nobody.post("/sign-up", data=form)

    assert answer.status_code in {404, 422}
    assert said in answer.text


def test_what_a_visitor_types_stays_text(nobody):
    answer = nobody.post(
        "/sign-in",
        data={"email": '"><script>alert(1)</script>', "password": "x", "next": '/"><b>'},
    )

    assert "<script>alert" not in answer.text
    assert '"><b>' not in answer.text


def test_following_a_link_never_signs_out_and_the_button_does(alma):
    assert alma.email in alma.get("/sign-out").text
    assert alma.get("/api/me").status_code == 200

    alma.client.post("/sign-out")

    assert alma.get("/api/me").status_code == 401


def test_whoever_is_signed_in_is_not_asked_again(alma):
    answer = alma.get("/sign-in?next=/docs", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")


def test_a_name_with_a_nul_reaches_no_database(nobody, parts):
    form = {"name": "nul\0", "email": "nul@example.org", "password": PASSWORD}

    assert nobody.post("/sign-up", data=form).status_code == 422
    assert nobody.post("/sign-in", data={"email": "a\0b", "password": "x"}).status_code in {
        401,
        422,
    }
    with parts.db.begin() as tx:
        assert tx.scalar(text("select count(*) from accounts where name like 'nul%'")) == 0
