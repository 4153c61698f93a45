"""Subjects and names as people write them, as programs garble them, and as somebody sly would."""

from random import Random

FRENCH = (
    "imprimante facture gabarit données reçu où déjà Noël l'été aujourd'hui « » Fwd: RE: TR: n° 4711 PlanetPress "
    "cœur 50 % — … mappage s'arrête À propos objet : éditique courriel échéance !"
)
NAMES = (
    "Camille Exemple Müller-Lüdenscheidt, Ana Jean-François d'Été O'Brien 日本 太郎 Ελένη Żółć (Paris) Dr. Jr. "
    '"Ana" <ana@customer.example> ana@customer.example, ; :'
)
SLY = (
    "=?utf-8?q?Facture=0D=0ABcc=3A_spy=40evil.example?=", "=?utf-8?b?DQpCY2M6IHNweUBldmlsLmV4YW1wbGU=?=", "=?", "?=",
    "=?utf-8?q??=", "=?utf-8?b?", "\r\nBcc: spy@evil.example", "\nBcc: spy@evil.example", "\rBcc:", "\x85Bcc:",
    "\u2028Bcc:", "\u2029Bcc:", "\x00", "\x1b[31m", "\x0b", "\x7f", "\\", '"', '\\"', "<", ">", ",", ":", "(", ")", "=",
    "=0D=0A", "_", "\u00a0", "\u202f:", "\u3000", "  ", "\t", "😀", "👩‍👩‍👧‍👦", "e\u0301", "\u202e", "\ufeff", "x" * 75,
    "é" * 40, "日" * 90, "x" * 200, ".", "..",
)  # fmt: skip


def line(random: Random, words: str) -> str:
    """Up to fourteen words; every second line has something sly among them."""
    pool = [*words.split(" "), *(random.sample(SLY, 6) if random.random() < 0.5 else ())]
    written = [random.choice(pool) for _ in range(random.randint(1, 14))]
    return random.choice((" ", " ", "", ", ")).join(written)


def any_characters(random: Random) -> str:
    """Characters from all over Unicode, without surrogates."""
    highest = random.choice((0x7F, 0xFF, 0x2FF, 0x2FFF, 0x10FFFF))
    codes = (random.randint(0, highest) for _ in range(random.randint(1, 80)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)


def subject(random: Random) -> str:
    """One that is not empty when what breaks lines is taken away."""
    written = line(random, FRENCH) if random.random() < 0.8 else any_characters(random)
    return f"Re: {written}" if random.random() < 0.2 else f"{written}!"


def name(random: Random) -> str:
    """Sometimes there is none."""
    return line(random, NAMES) if random.random() < 0.8 else any_characters(random)
