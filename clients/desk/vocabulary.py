"""The words of what records and messages are made of, in one place for translators: codes, types of weapon, reasons.

A record holds codes; what a page shows is the code's English words, or what a catalogue has for them. A word that is not
listed here, as a newer agency may send one, is shown as it came.
"""

import gettext
from collections.abc import Mapping
from functools import cache

import pycountry
from flask_babel import lazy_gettext as _l  # type: ignore[import-untyped]  # it has no types

from clients.desk.i18n import language
from ledger.countries import country_name
from ledger.decision import Reason
from ledger.expunges import Why
from ledger.markings import Tlp
from ledger.talk.answers import Ground, RefusalKind
from ledger.talk.requests import Onward

CODE_WORDS: Mapping[str, str] = {
    "small arm": _l("small arm"),
    "light weapon": _l("light weapon"),
    "part or component": _l("part or component"),
    "ammunition": _l("ammunition"),
    "explosive": _l("explosive"),
    "night vision": _l("night vision"),
    "communications": _l("communications"),
    "biometric": _l("biometric"),
    "uas": _l("uas"),
    "aircraft": _l("aircraft"),
    "vehicle": _l("vehicle"),
    "other": _l("other"),
    "as marked": _l("as marked"),
    "condition": _l("condition"),
    "legible": _l("legible"),
    "partial": _l("partial"),
    "worn": _l("worn"),
    "obliterated": _l("obliterated"),
    "altered": _l("altered"),
    "restored": _l("restored"),
    "never marked": _l("never marked"),
    "not recorded": _l("not recorded"),
    "script": _l("script"),
    "location": _l("location"),
    "frame": _l("frame"),
    "slide": _l("slide"),
    "barrel": _l("barrel"),
    "bolt": _l("bolt"),
    "kind": _l("kind"),
    "maker": _l("maker"),
    "import": _l("import"),
    "property": _l("property"),
    "unit": _l("unit"),
    "country": _l("country"),
    "year": _l("year"),
    "text": _l("text"),
    "state force": _l("state force"),
    "police": _l("police"),
    "licensed private": _l("licensed private"),
    "dealer": _l("dealer"),
    "illicit": _l("illicit"),
    "unknown": _l("unknown"),
    "calibre": _l("calibre"),
    "printed": _l("printed"),
    "kit": _l("kit"),
    "craft": _l("craft"),
    "converted": _l("converted"),
    "manufacture": _l("manufacture"),
    "sale": _l("sale"),
    "export": _l("export"),
    "transit": _l("transit"),
    "post delivery check": _l("post delivery check"),
    "receipt": _l("receipt"),
    "issue to force": _l("issue to force"),
    "return": _l("return"),
    "stockpile inventory": _l("stockpile inventory"),
    "loss": _l("loss"),
    "theft": _l("theft"),
    "capture": _l("capture"),
    "abandonment": _l("abandonment"),
    "diversion": _l("diversion"),
    "illicit transfer": _l("illicit transfer"),
    "observation": _l("observation"),
    "offer": _l("offer"),
    "recovery": _l("recovery"),
    "buyback": _l("buyback"),
    "destruction": _l("destruction"),
    "deactivation": _l("deactivation"),
    "postal interception": _l("postal interception"),
    "ballistic link": _l("ballistic link"),
    "first retail": _l("first retail"),
    "resale": _l("resale"),
    "physical": _l("physical"),
    "book": _l("book"),
    "low": _l("low"),
    "moderate": _l("moderate"),
    "high": _l("high"),
    "seen": _l("seen"),
    "photographed": _l("photographed"),
    "documented": _l("documented"),
    "market": _l("market"),
    "online": _l("online"),
    "amount": _l("amount"),
    "currency": _l("currency"),
    "seized": _l("seized"),
    "found": _l("found"),
    "surrendered": _l("surrendered"),
    "name": _l("name"),
    "role": _l("role"),
    "suspect": _l("suspect"),
    "victim": _l("victim"),
    "witness": _l("witness"),
    "owner": _l("owner"),
    "seller": _l("seller"),
    "buyer": _l("buyer"),
    "carrier": _l("carrier"),
}
TYPE_WORDS: Mapping[str, str] = {
    "semi-automatic pistol": _l("semi-automatic pistol"),
    "revolver": _l("revolver"),
    "derringer": _l("derringer"),
    "single-shot pistol": _l("single-shot pistol"),
    "blank pistol": _l("blank pistol"),
    "rifle": _l("rifle"),
    "semi-automatic rifle": _l("semi-automatic rifle"),
    "automatic rifle": _l("automatic rifle"),
    "bolt-action rifle": _l("bolt-action rifle"),
    "carbine": _l("carbine"),
    "single-shot rifle": _l("single-shot rifle"),
    "shotgun": _l("shotgun"),
    "pump-action shotgun": _l("pump-action shotgun"),
    "double-barrel shotgun": _l("double-barrel shotgun"),
    "semi-automatic shotgun": _l("semi-automatic shotgun"),
    "single-shot shotgun": _l("single-shot shotgun"),
    "rifle-shotgun combination": _l("rifle-shotgun combination"),
    "submachine gun": _l("submachine gun"),
    "machine gun": _l("machine gun"),
    "heavy machine gun": _l("heavy machine gun"),
    "mortar": _l("mortar"),
    "rocket launcher": _l("rocket launcher"),
    "grenade launcher": _l("grenade launcher"),
    "recoilless rifle": _l("recoilless rifle"),
    "missile launcher": _l("missile launcher"),
    "cannon": _l("cannon"),
    "grenade": _l("grenade"),
    "mine": _l("mine"),
    "disguised gun": _l("disguised gun"),
    "silencer": _l("silencer"),
    "pistol": _l("pistol"),
    "shotgun pistol": _l("shotgun pistol"),
    "submachine gun or machine pistol": _l("submachine gun or machine pistol"),
    "electric shock gun": _l("electric shock gun"),
    "bomb": _l("bomb"),
    "missile": _l("missile"),
    "rocket": _l("rocket"),
}
PORTION_WORDS: Mapping[str, str] = {"item": _l("Item"), "event": _l("Event"), "case": _l("Case")}

CAVEAT_WORDS: Mapping[str, str] = {
    "ORCON": _l("the originator controls further use: ask before this leaves your agency"),
    "H1-NOCOURT": _l("not to be used as evidence in court without the originator's consent"),
    "H2-NOSHARE": _l("not to be passed on without the originator's consent"),
    "NO-PUB": _l("not to be published"),
    "NO-COPY": _l("not to be copied"),
    "HUMAN-ONLY": _l("for people to read, not for automated processing"),
}

# What a reader may do with all of a page, computed from its marking (docs/vocabulary.md, 5).
TLP_WORDS: Mapping[Tlp, str] = {
    Tlp.RED: _l("for the originator's own people alone"),
    Tlp.AMBER_STRICT: _l("for the agencies named; further use is for the originator to decide"),
    Tlp.AMBER: _l("for the agencies named"),
    Tlp.GREEN: _l("for all members, and nobody else"),
}

ALERT_WORDS: Mapping[str, str] = {
    "in two places on one day": _l("in two places on one day"),
    "seen again after destruction": _l("seen again after destruction"),
    "seen again after deactivation": _l("seen again after deactivation"),
    "seen again after buyback": _l("seen again after buyback"),
}

# What to look at on the frame before a possible hit is believed, by the class of the token that met.
COMPARE_WORDS: Mapping[str, str] = {
    "T1": _l("the same number but for letters between its digits: read every sign again, and compare make and model"),
    "T2": _l("the same number but for zeros before it: read the frame from its first sign, and compare make and model"),
    "T3": _l("the same number, calibre and type, while the make was not compared: compare the maker's mark and model"),
}

REASON_WORDS: Mapping[str, str] = {
    Reason.NOT_NAMED.value: _l("the originator has not named your agency"),
    Reason.NOT_A_MEMBER.value: _l("your agency is not in the charter in force"),
    Reason.CEILING.value: _l("above your agency's ceiling"),
    Reason.CARRIER.value: _l("above the level it was sent at"),
    Reason.CLEARANCE.value: _l("above your clearance"),
    Reason.COMPARTMENT.value: _l("in a compartment you are not read into"),
    Reason.PURPOSE.value: _l("not for this purpose"),
    Reason.EXPIRED.value: _l("expired"),
    Reason.RECALLED.value: _l("recalled by the originator"),
    "sealed to others": _l("sealed to others"),
    "it gives a field another value than a portion before it": _l(
        "it gives a field another value than a portion before it"
    ),
}

# The words of the International Tracing Instrument, 22.
REFUSAL_WORDS: Mapping[str, str] = {
    RefusalKind.DELAY.value: _l("the answer is delayed"),
    RefusalKind.RESTRICT.value: _l("the answer is restricted"),
    RefusalKind.REFUSE.value: _l("the answer is refused"),
    Ground.INVESTIGATION.value: _l("the answer would compromise an ongoing criminal investigation"),
    Ground.LAW.value: _l("a law protects what is asked for"),
    Ground.CONFIDENTIALITY.value: _l("its confidentiality could not be guaranteed"),
    Ground.SECURITY.value: _l("reasons of national security"),
    Ground.UNSPECIFIED.value: _l("no ground is given"),
}
ONWARD_WORDS: Mapping[str, str] = {
    Onward.COURT.value: _l("a court"),
    Onward.MEMBERS.value: _l("other members"),
    Onward.NATIONAL.value: _l("other authorities of the State that asks"),
    Onward.PUBLIC.value: _l("the public"),
}
WHY_WORDS: Mapping[str, str] = {
    Why.ERROR.value: _l("a mistake"),
    Why.LAW.value: _l("the law"),
    Why.SAFETY.value: _l("a person's safety"),
}
# Compartments and purposes go by their codes everywhere, like levels; where one is chosen, this stands beside it.
MEANINGS: Mapping[str, str] = {
    "CT": _l("counter-terrorism"),
    "SRC": _l("protected sources"),
    "OPS": _l("operations under way"),
    "UNPANEL": _l("panels of experts of the United Nations"),
    "PII": _l("personal data"),
    "EXPORT": _l("export control"),
    "STOCK": _l("stockpiles"),
    "TRACE": _l("tracing weapons"),
    "CRIM": _l("criminal investigation"),
    "SANCTIONS": _l("sanctions and embargoes"),
    "STATS": _l("statistics"),
}

TERMS: Mapping[str, str] = {
    **CODE_WORDS,
    **TYPE_WORDS,
    **REASON_WORDS,
    **REFUSAL_WORDS,
    **ONWARD_WORDS,
    **WHY_WORDS,
}


def compare_words(token_class: str) -> str:
    """Return what to compare before a possible hit is believed."""
    return str(COMPARE_WORDS.get(token_class, ""))


def alert_words(what: str) -> str:
    """Return what an alert says."""
    return str(ALERT_WORDS.get(what, what))


def caveat(code: str) -> str:
    """Return what a caveat asks of whoever reads on; nothing for one that its originator wrote in words of their own."""
    return str(CAVEAT_WORDS.get(code, ""))


def tlp_words(mark: Tlp) -> str:
    """Return what a TLP mark lets whoever takes all of a page do with it."""
    return str(TLP_WORDS[mark])


def term(code: str) -> str:
    """Return a code of the vocabulary, a type's name or a reason, in the reader's language; anything else as it came."""
    words = code.replace("_", " ")
    return str(TERMS.get(words, words))


def meaning(code: str) -> str:
    """Return what the code of a compartment or purpose stands for; nothing for one that is not known here."""
    return str(MEANINGS.get(code, ""))


def portion_word(portion: str) -> str:
    """Return what a portion is called."""
    return str(PORTION_WORDS[portion])


def country_word(code: str) -> str:
    """Return a country's name in the reader's language, as ISO's own translations have it."""
    name = country_name(code)
    return _countries(language()).gettext(name) if name else ""


@cache
def _countries(name: str) -> gettext.NullTranslations:
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[name], fallback=True)
