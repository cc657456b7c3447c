"""A real OpenID Connect provider, run as a process of its own: authlib's server over Flask.

It checks client secrets, redirect addresses, PKCE and the single use of codes as authlib does.
`PUT /next` says who sits at its sign-in page, and how its next ID tokens shall be wrong.
"""

# ruff: noqa: ARG002, ARG005, RUF012, T201 - the shapes are authlib's; the issuer is told by print
import base64
import hmac
import json
import os
import sys
import time
from dataclasses import dataclass

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, on this machine only

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from authlib.oidc.core.grants.util import create_half_hash
from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID = "torvet"
CLIENT_SECRET = "an open secret"


class Client:
    client_id = CLIENT_ID

    def get_client_id(self):
        return CLIENT_ID

    def get_default_redirect_uri(self):
        return REDIRECT_URI

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == REDIRECT_URI

    def check_client_secret(self, secret):
        return secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class Code:
    redirect_uri: str
    scope: str
    nonce: str
    user: dict
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        asked = request.payload.data
        codes[code] = Code(
            asked["redirect_uri"],
            asked["scope"],
            asked.get("nonce"),
            dict(state["user"]),
            asked.get("code_challenge"),
            asked.get("code_challenge_method"),
        )
        nonces.add(asked.get("nonce"))
        state["asked"] = dict(asked)

    def query_authorization_code(self, code, client):
        self.code = code
        return codes.get(code)

    def delete_authorization_code(self, authorization_code):
        del codes[self.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class IdToken(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return nonce in nonces

    def encode_id_token(self, token, request):
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": [CLIENT_ID],
            "iat": now,
            "exp": now + 600,
            "nonce": request.authorization_code.get_nonce(),
            "at_hash": create_half_hash(token["access_token"], "RS256").decode(),
            **request.user,
            **state["change"],
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return signed(claims)


def signed(claims):
    match state["sign"]:
        case "stranger":
            return jwt.encode({"alg": "RS256", "kid": state["key"].kid}, claims, STRANGER)
        case "none":
            return jwt.encode({"alg": "none"}, claims, STRANGER, ["none"])
        case "public-key-as-secret":
            return signed_with_the_public_key(claims)
    return jwt.encode({"alg": "RS256", "kid": state["key"].kid}, claims, state["key"])


def signed_with_the_public_key(claims):
    """The attack on those who let the token choose how it is checked; no library helps with it."""
    header = {"alg": "HS256", "kid": state["key"].kid}
    body = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    secret = state["key"].as_pem(private=False)
    return b".".join([body, encoded(hmac.digest(secret, body, "sha256"))]).decode()


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def new_key(name):
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


app = Flask(__name__)
codes, nonces = {}, set()
STRANGER = new_key("stranger")
state = {"user": {"sub": "1"}, "change": {}, "sign": "", "asked": {}, "key": new_key("first")}
server = AuthorizationServer(
    app,
    query_client=lambda name: Client() if name == CLIENT_ID else None,
    save_token=lambda token, request: None,
)
server.register_grant(Grant, [IdToken(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def configuration():
    return {
        "issuer": state["change"].get("discovered", ISSUER),
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    }


@app.get("/jwks")
def jwks():
    return {"keys": [state["key"].as_dict(private=False)]}


@app.get("/authorize")
def authorize():
    grant = server.get_consent_grant(end_user=state["user"])
    return server.create_authorization_response(grant_user=state["user"], grant=grant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.put("/next")
def next_sign_in():
    told = request.get_json()
    state.update(user=told["user"], change=told.get("change", {}), sign=told.get("sign", ""))
    if told.get("new_key"):
        state["key"] = new_key(told["new_key"])
    return Response(status=204)


@app.get("/asked")
def asked():
    return state["asked"]


if __name__ == "__main__":
    REDIRECT_URI = sys.argv[1]
    listening = make_server("127.0.0.1", 0, app, threaded=True)
    ISSUER = f"http://127.0.0.1:{listening.port}"
    print(json.dumps({"issuer": ISSUER}), flush=True)
    listening.serve_forever()
