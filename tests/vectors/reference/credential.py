"""Credentials and admission: docs/FORMAT.md, "Credentials and admission"."""

import ed25519
from text import canonical
from wire import Refused, decode

TABLES = {
    "PubKey": {1: ("data", "bytes")},
    "Any": {1: ("type_url", "bytes"), 2: ("value", "bytes")},
    "dxos.credentials.Message": {1: ("payload", "Any")},
    "dxos.credentials.SignedMessage": {1: ("signed", "Signed"), 2: ("signatures", "*Signature")},
    "Signed": {1: ("created", "bytes"), 2: ("nonce", "bytes"), 10: ("payload", "Any")},
    "Signature": {1: ("key", "PubKey"), 2: ("signature", "bytes"), 3: ("keyChain", "bytes")},
    "KeyChain": {1: ("publicKey", "PubKey"), 2: ("message", "dxos.credentials.SignedMessage"), 3: ("parents", "*bytes")},
    "dxos.credentials.party.PartyCredential": {
        1: ("type", "int32"),
        10: ("envelope", "Envelope"),
        11: ("partyGenesis", "PartyGenesis"),
        12: ("keyAdmit", "KeyAdmit"),
        13: ("feedAdmit", "FeedAdmit"),
        14: ("feedGenesis", "FeedGenesis"),
    },
    "Envelope": {1: ("partyKey", "PubKey"), 2: ("message", "dxos.credentials.Message")},
    "PartyGenesis": {
        1: ("partyKey", "PubKey"),
        2: ("feedKey", "PubKey"),
        3: ("admitKey", "PubKey"),
        4: ("admitKeyType", "int32"),
    },
    "KeyAdmit": {1: ("partyKey", "PubKey"), 2: ("admitKey", "PubKey"), 3: ("admitKeyType", "int32")},
    "FeedAdmit": {1: ("partyKey", "PubKey"), 2: ("feedKey", "PubKey")},
    "FeedGenesis": {1: ("feedKey", "PubKey"), 2: ("ownerKey", "PubKey")},
    "dxos.credentials.party.PartyInvitation": {
        1: ("id", "bytes"),
        2: ("partyKey", "PubKey"),
        3: ("issuerKey", "PubKey"),
        4: ("inviteeKey", "PubKey"),
    },
    "dxos.credentials.identity.IdentityInfo": {1: ("publicKey", "PubKey"), 2: ("displayName", "bytes")},
    "dxos.credentials.identity.DeviceInfo": {1: ("publicKey", "PubKey"), 2: ("displayName", "bytes")},
    "dxos.credentials.auth.Auth": {
        1: ("partyKey", "PubKey"),
        2: ("deviceKey", "PubKey"),
        3: ("identityKey", "PubKey"),
        4: ("feedKey", "PubKey"),
        5: ("feedAdmit", "Any"),
    },
}
SIGNED_MESSAGE, PARTY_CREDENTIAL = "dxos.credentials.SignedMessage", "dxos.credentials.party.PartyCredential"
DEPTH, SIGNATURES = 16, 64
ENVELOPE, PARTY_GENESIS, KEY_ADMIT, FEED_ADMIT = 0, 1, 3, 4


def printable(name, fields, empty_lists):
    """What canonical() prints of a message."""
    if name == "PubKey":
        return fields.get("data", b"").hex()
    if name == "Any":
        url = fields.get("type_url", b"").decode("latin-1")
        if "." not in url or url not in TABLES:
            raise Refused("UNSUPPORTED")
        return printable(url, decode(TABLES, url, fields.get("value", b"")), empty_lists)
    out = {}
    for field, kind in TABLES[name].values():
        repeated = kind.startswith("*")
        if field in fields:
            values = fields[field] if repeated else [fields[field]]
            texts = [printed(field, kind.lstrip("*"), value, empty_lists) for value in values]
            out[field] = texts if repeated else texts[0]
        elif repeated and empty_lists:
            out[field] = []
    return out


def printed(field, kind, value, empty_lists):
    if kind == "int32":
        return value
    if kind != "bytes":
        return printable(kind, value, empty_lists)
    if field in ("keyChain", "parents"):
        return printable("KeyChain", decode(TABLES, "KeyChain", value), empty_lists)
    if field in ("created", "displayName"):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise Refused() from None
    return value.hex()


def key_of(fields, name):
    key = fields.get(name, {}).get("data", b"")
    if len(key) != 32:
        raise Refused()
    return key


def signers(message):
    return [signature["key"]["data"] for signature in message.get("signatures", [])]


class Claim:
    """What a message admits: kind is None, or one of the numbers above but ENVELOPE."""

    kind = None
    party = member = feed = None
    enveloped = False


class Credential:
    """One credential: its claim, and the keys any of which must be trusted for it to count."""

    def __init__(self, data):
        self.checked = 0
        self.anchors = []
        self.claim = Claim()
        if len(data) > 256 << 10:
            raise Refused("LIMIT")
        message = self.unwrap(decode(TABLES, "dxos.credentials.Message", data).get("payload"), SIGNED_MESSAGE)
        if message is None:
            return
        try:
            self.claim = self.interpret(message)
        except Refused as refused:
            if refused.code != "UNSUPPORTED":
                raise
        if self.claim.kind is None:
            return
        for signature in message.get("signatures", []):
            key = signature["key"]["data"]
            self.anchors.append(key)
            if "keyChain" in signature:
                self.follow(signature["keyChain"], [key], None, 1)

    def unwrap(self, any, url):
        if any is None:
            raise Refused()
        if any.get("type_url", b"") != url.encode():
            return None
        return decode(TABLES, url, any.get("value", b""))

    def check_signatures(self, message):
        if "payload" not in message.get("signed", {}):
            raise Refused()
        signatures = message.get("signatures", [])
        for signature in signatures:
            key_of(signature, "key")
            if len(signature.get("signature", b"")) != 64:
                raise Refused()
        self.checked += len(signatures)
        if self.checked > SIGNATURES:
            raise Refused("LIMIT")
        texts = [canonical(printable("Signed", message["signed"], lists)).encode() for lists in (True, False)]
        for text in texts:
            if all(ed25519.verify(s["key"]["data"], text, s["signature"]) for s in signatures):
                return
        raise Refused("SIGNATURE")

    def interpret(self, message):
        claim = Claim()
        depth = 0
        while message is not None:
            if depth > DEPTH:
                raise Refused("LIMIT")
            depth += 1
            self.check_signatures(message)
            credential = self.unwrap(message["signed"]["payload"], PARTY_CREDENTIAL)
            if credential is None or credential.get("type") not in (ENVELOPE, PARTY_GENESIS, KEY_ADMIT, FEED_ADMIT):
                return claim
            if credential["type"] != ENVELOPE:
                self.admission(claim, credential, signers(message))
                return claim
            envelope = credential.get("envelope", {})
            party = key_of(envelope, "partyKey")
            if "message" not in envelope:
                raise Refused()
            if claim.enveloped and claim.party != party:
                return claim
            claim.enveloped, claim.party = True, party
            message = self.unwrap(envelope["message"].get("payload"), SIGNED_MESSAGE)
        return claim

    def admission(self, claim, credential, by):
        kind = credential["type"]
        body = credential.get({PARTY_GENESIS: "partyGenesis", KEY_ADMIT: "keyAdmit", FEED_ADMIT: "feedAdmit"}[kind], {})
        party = key_of(body, "partyKey")
        if kind != FEED_ADMIT:
            claim.member = key_of(body, "admitKey")
        if kind != KEY_ADMIT:
            claim.feed = key_of(body, "feedKey")
        good = {
            PARTY_GENESIS: not claim.enveloped and party in by,
            KEY_ADMIT: not claim.enveloped or claim.member in by,
            FEED_ADMIT: not claim.enveloped or (claim.party == party and claim.feed in by),
        }[kind]
        if not claim.enveloped or kind == PARTY_GENESIS:
            claim.party = party
        if good:
            claim.kind = kind

    def follow(self, data, keys, home, depth):
        """Adds the keys that a chain for one of `keys` leads to. A link that does not hold leads nowhere."""
        if depth > DEPTH:
            raise Refused("LIMIT")
        try:
            chain = decode(TABLES, "KeyChain", data)
            key = key_of(chain, "publicKey")
            if key not in keys:
                return
            if home is None or key == home:
                self.anchors.append(key)
            if "message" not in chain or not chain.get("parents"):
                return
            message = chain["message"]
            link = self.interpret(message)
        except Refused as refused:
            if refused.code == "LIMIT":
                raise
            return
        if link.kind not in (PARTY_GENESIS, KEY_ADMIT) or link.member != key:
            return
        if not link.enveloped and key not in signers(message):
            return
        if link.party != self.claim.party:
            if home is not None and home != link.party:
                return
            home = link.party
        for parent in chain["parents"]:
            self.follow(parent, signers(message), home, depth + 1)


def read(data):
    try:
        return Credential(data), None
    except Refused as refused:
        return None, refused.code


class Party:
    """The state of a party: credentials may be added in any order."""

    def __init__(self, key):
        self.key, self.trusted, self.feeds, self.all = key, {key}, set(), []

    def authorised(self, credential):
        claim = credential.claim
        return claim.kind is not None and claim.party == self.key and any(a in self.trusted for a in credential.anchors)

    def add(self, data):
        credential, code = read(data)
        if credential is not None:
            self.all.append(credential)
        before = None
        while before != (len(self.trusted), len(self.feeds)):
            before = len(self.trusted), len(self.feeds)
            for credential in filter(self.authorised, self.all):
                if credential.claim.member is not None:
                    self.trusted.add(credential.claim.member)
                if credential.claim.feed is not None:
                    self.feeds.add(credential.claim.feed)
        return code

    def has_genesis(self):
        return any(c.claim.kind == PARTY_GENESIS for c in filter(self.authorised, self.all))

    def accepts_from_outside(self, feed, data):
        credential, _ = read(data)
        if credential is None or not self.authorised(credential):
            return False
        claim = credential.claim
        return claim.kind == PARTY_GENESIS or (self.has_genesis() and claim.kind == FEED_ADMIT and claim.feed == feed)
