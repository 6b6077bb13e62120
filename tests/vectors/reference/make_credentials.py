"""credentials.json: messages that are made and signed here, what a party makes of lists of them, and of feeds of them."""

import credential as c
import ed25519
import message
from credential import ENVELOPE, FEED_ADMIT, KEY_ADMIT, PARTY_CREDENTIAL, PARTY_GENESIS, SIGNED_MESSAGE
from text import canonical
from wire import decode, put

NAMES = ["party", "alice", "phone", "bob", "mallory", "other", "feed", "feedA", "feedB", "feedM"]
SEEDS = {name: bytes([i + 1]) + bytes(31) for i, name in enumerate(NAMES)}
KEYS = {name: ed25519.public(seed) for name, seed in SEEDS.items()}
IDENTITY, DEVICE, PARTY = 1, 2, 3
GENERATION = {"empty_lists": True}


def key(number, name):
    return put(number, put(1, KEYS[name]))


def any_of(url, data):
    return put(1, url) + put(2, data)


# Payloads.


def genesis(party, feed, member, kind=PARTY):
    return put(1, PARTY_GENESIS) + put(11, key(1, party) + key(2, feed) + key(3, member) + put(4, kind))


def key_admit(party, member, kind=IDENTITY):
    return put(1, KEY_ADMIT) + put(12, key(1, party) + key(2, member) + put(3, kind))


def feed_admit(party, feed):
    return put(1, FEED_ADMIT) + put(13, key(1, party) + key(2, feed))


def envelope(party, signed):
    return put(1, ENVELOPE) + put(10, key(1, party) + put(2, put(1, any_of(SIGNED_MESSAGE, signed))))


def sign(payload, *by, url=PARTY_CREDENTIAL, spoil=None):
    """A SignedMessage. `by`: names, or (name, chain). `spoil`: the signature of that name is made wrong."""
    signed = put(1, "2026-11-22T13:36:03+00:00") + put(2, b"\x00\xab") + put(10, any_of(url, payload))
    try:
        printable = c.printable("Signed", decode(c.TABLES, "Signed", signed), GENERATION["empty_lists"])
        text = canonical(printable).encode()
    except c.Refused:
        text = b"{}"
    out = put(1, signed)
    for signer in by:
        name, chain = signer if isinstance(signer, tuple) else (signer, None)
        signature = bytearray(ed25519.sign(SEEDS[name], text))
        signature[0] ^= name == spoil
        out += put(2, key(1, name) + put(2, bytes(signature)) + (b"" if chain is None else put(3, chain)))
    return out


def chain(name, signed=None, *parents):
    return key(1, name) + (b"" if signed is None else put(2, signed)) + b"".join(put(3, parent) for parent in parents)


def whole(signed):
    return put(1, any_of(SIGNED_MESSAGE, signed))


def messages():
    """{name: bytes}; names say who signed, and what of."""
    out = {}

    def add(name, signed):
        out[name] = whole(signed)

    start = genesis("party", "feed", "party")
    add("genesis", sign(start, "party", "feed"))
    add("genesis by mallory", sign(genesis("party", "feedM", "mallory"), "mallory"))
    add("genesis of feed A", sign(genesis("party", "feedA", "alice"), "party", "feedA", "alice"))
    add("genesis of feed B", sign(genesis("party", "feedB", "bob"), "party"))
    add("genesis in an envelope", sign(envelope("party", sign(start, "party")), "party"))
    add("genesis with a wrong second signature", sign(start, "party", "feed", spoil="feed"))
    alice = sign(key_admit("alice", "alice"), "alice")
    add("party admits alice", sign(envelope("party", alice), "party"))
    add("party admits alice, without envelope", sign(key_admit("party", "alice"), "party"))
    add("party admits bob in two envelopes", sign(envelope("party", sign(envelope("party", sign(key_admit("bob", "bob"), "bob")))), "party"))
    add("two envelopes of different parties", sign(envelope("party", sign(envelope("other", sign(key_admit("bob", "bob"), "bob")))), "party"))
    spoiled = sign(envelope("party", sign(key_admit("bob", "bob"), "bob")), "mallory", spoil="mallory")
    add("a wrong signature on the middle envelope", sign(envelope("party", spoiled), "party"))
    add("enveloped key not signed by itself", sign(envelope("party", sign(key_admit("bob", "bob"), "alice")), "party"))
    add("alice admits bob", sign(key_admit("party", "bob"), "alice", "bob"))
    add("alice admits bob to another party", sign(key_admit("other", "bob"), "alice"))
    add("bob admits feed B", sign(feed_admit("party", "feedB"), "bob", "feedB"))
    add("alice admits feed A", sign(feed_admit("party", "feedA"), "feedA", "alice"))
    add("party admits feed A", sign(feed_admit("party", "feedA"), "party"))
    add("mallory admits feed M", sign(feed_admit("party", "feedM"), "feedM", "mallory"))
    add("feed admits feed M", sign(feed_admit("party", "feedM"), "feed"))
    add("feed A in an envelope by alice", sign(envelope("party", sign(feed_admit("party", "feedA"), "feedA")), "alice"))
    add("enveloped feed not signed by itself", sign(envelope("party", sign(feed_admit("party", "feedA"), "bob")), "alice"))
    add("no signatures", sign(feed_admit("party", "feedA")))
    # Chains: the phone belongs to alice, by the genesis of her own (identity) party.
    hers = sign(genesis("alice", "feedA", "phone", DEVICE), "alice", "feedA", "phone")
    root = chain("alice")
    fed = feed_admit("party", "feedA")

    def by_phone(link, payload=fed):
        return sign(payload, "feedA", ("phone", link))

    add("chain: phone by alice's genesis", by_phone(chain("phone", hers, root)))
    add("chain: last link has a message", by_phone(chain("phone", hers, chain("alice", alice))))
    enveloped = sign(envelope("alice", sign(key_admit("phone", "phone"), "phone")), "alice")
    add("chain: by an enveloped KEY_ADMIT", by_phone(chain("phone", enveloped, root)))
    add("chain: by a KEY_ADMIT of the party", by_phone(chain("phone", sign(key_admit("party", "phone"), "alice", "phone"), root)))
    add("chain: by a KEY_ADMIT of a third party", by_phone(chain("phone", sign(key_admit("other", "phone"), "alice", "phone"), root)))
    add("chain: the message is not signed by the key", by_phone(chain("phone", sign(key_admit("alice", "phone"), "alice"), root)))
    add("chain: the message admits another key", by_phone(chain("phone", sign(key_admit("alice", "bob"), "alice", "phone"), root)))
    add("chain: of another key than the signer's", sign(feed_admit("party", "feedM"), "feedM", ("mallory", chain("phone", hers, root))))
    add("chain: a parent that did not sign the message", by_phone(chain("phone", sign(key_admit("alice", "phone"), "phone"), root)))
    add("chain: a wrong signature in the message", by_phone(chain("phone", sign(key_admit("alice", "phone"), "alice", "phone", spoil="alice"), root)))
    two = chain("bob", sign(key_admit("alice", "bob"), "alice", "bob"), root)
    three = chain("phone", sign(key_admit("alice", "phone"), "bob", "phone"), two)
    add("chain: two links", by_phone(three))
    middle = chain("phone", sign(key_admit("bob", "phone"), "bob", "phone"), two)
    add("chain: of the identity of a key on the way", by_phone(middle))
    add("chain: a trusted key's link needs no message", sign(fed, "feedA", ("alice", chain("alice"))))
    add("an unknown payload", sign(b"\x0a\x01x", "party", url="dxos.credentials.Unknown"))
    add("an identity's information", sign(key(1, "alice") + put(2, "Al\u00ef\"ce"), "party", url="dxos.credentials.identity.IdentityInfo"))
    holding = sign(envelope("party", sign(key_admit("bob", "bob"), ("bob", chain("bob", sign(key_admit("bob", "bob"), "bob"))))), "party")
    add("a chain inside an envelope, generation 2's text", holding)
    GENERATION["empty_lists"] = False
    holding = sign(envelope("party", sign(key_admit("bob", "bob"), ("bob", chain("bob", sign(key_admit("bob", "bob"), "bob"))))), "party")
    add("a chain inside an envelope, generation 1's text", holding)
    GENERATION["empty_lists"] = True
    out["not a credential"] = b"\xff"
    out["another message than SignedMessage"] = put(1, any_of("dxos.credentials.auth.Auth", b""))
    out["nothing"] = b""
    return out


LISTS = [
    ["genesis"],
    ["genesis by mallory"],
    ["genesis in an envelope"],
    ["genesis with a wrong second signature"],
    ["genesis", "genesis of feed A", "genesis of feed B"],
    ["genesis", "party admits alice"],
    ["genesis", "party admits alice, without envelope"],
    ["genesis", "party admits bob in two envelopes"],
    ["genesis", "two envelopes of different parties"],
    ["genesis", "a wrong signature on the middle envelope"],
    ["genesis", "party admits alice", "enveloped key not signed by itself"],
    ["bob admits feed B", "alice admits bob", "party admits alice", "genesis"],
    ["genesis", "alice admits bob"],
    ["genesis", "party admits alice", "alice admits bob to another party"],
    ["genesis", "party admits alice", "alice admits feed A"],
    ["genesis", "mallory admits feed M", "feed admits feed M"],
    ["genesis", "party admits alice", "feed A in an envelope by alice"],
    ["genesis", "party admits alice", "enveloped feed not signed by itself"],
    ["genesis", "no signatures"],
    ["genesis", "an unknown payload", "an identity's information", "another message than SignedMessage"],
    ["genesis", "not a credential", "nothing"],
    ["genesis", "a chain inside an envelope, generation 2's text"],
    ["genesis", "a chain inside an envelope, generation 1's text"],
]

# Feeds as [name, messages]: what is covered and admitted, in whatever order the blocks arrive.
FEEDS = [
    ("two geneses by the party key, in two feeds", [["feed", ["genesis"]], ["feedB", ["genesis of feed B", "bob admits feed B"]]]),
    ("three geneses", [["feed", ["genesis"]], ["feedA", ["genesis of feed A"]], ["feedB", ["genesis of feed B"]]]),
    ("a genesis in a feed that it does not admit", [["feed", ["genesis"]], ["feedM", ["genesis of feed B", "mallory admits feed M"]]]),
    ("a feed that admits itself", [["feed", ["genesis", "party admits alice"]], ["feedA", ["alice admits feed A", "alice admits bob"]]]),
    ("by a member whom another feed admits", [["feed", ["genesis", "party admits alice", "alice admits bob"]], ["feedB", ["bob admits feed B"]]]),
    ("an envelope around its FEED_ADMIT", [["feed", ["genesis", "party admits alice"]], ["feedA", ["feed A in an envelope by alice"]]]),
    ("a FEED_ADMIT for another feed", [["feed", ["genesis", "party admits alice"]], ["feedB", ["alice admits feed A"]]]),
    ("a genesis in an envelope", [["feed", ["genesis"]], ["feedB", ["genesis in an envelope"]]]),
    ("a stranger's feed", [["feed", ["genesis"]], ["feedM", ["mallory admits feed M", "genesis by mallory"]]]),
]


def judged(names, all):
    party = c.Party(KEYS["party"])
    codes = [party.add(all[name]) for name in names]
    out = {"messages": names, "trusted": sorted(k.hex() for k in party.trusted), "feeds": sorted(k.hex() for k in party.feeds)}
    refused = {name: code for name, code in zip(names, codes) if code is not None}
    return out | ({"refused": refused} if refused else {})


def of_feeds(description, feeds, all):
    """Blocks of generation 2 without timeframes; the clock is what is covered in the end."""
    party = c.Party(KEYS["party"])
    clock, moved = {name: -1 for name, _ in feeds}, True
    while moved:
        moved = False
        for name, blocks in feeds:
            if clock[name] + 1 == len(blocks):
                continue
            data = all[blocks[clock[name] + 1]]
            if KEYS[name] in party.feeds or party.accepts_from_outside(KEYS[name], data):
                party.add(data)
                clock[name] += 1
                moved = True
    return {
        "description": description,
        "feeds": [{"feed": KEYS[name].hex(), "messages": blocks} for name, blocks in feeds],
        "clock": {KEYS[name].hex(): seq for name, seq in clock.items() if seq >= 0},
        "trusted": sorted(k.hex() for k in party.trusted),
        "admitted": sorted(k.hex() for k in party.feeds),
    }


def document():
    all = messages()
    lists = LISTS + [["genesis", "party admits alice", name] for name in all if name.startswith("chain:")]
    return {
        "description": "Credentials of one party: each message is the bytes of Credentials.data.",
        "party": KEYS["party"].hex(),
        "keys": {name: k.hex() for name, k in KEYS.items()},
        "messages": {name: data.hex() for name, data in all.items()},
        "lists": [judged(names, all) for names in lists],
        "parties": [of_feeds(description, feeds, all) for description, feeds in FEEDS],
    }
