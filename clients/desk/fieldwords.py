"""What the fields of a record are called on the desk's pages, in the reader's language; their codes stay as they are."""

from collections.abc import Mapping

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import lazy_gettext as _l

FIELD_WORDS: Mapping[str, str] = {
    "item.kind": _l("Kind of item"),
    "item.type": _l("Type of weapon"),
    "item.type_text": _l("Type, in words"),
    "item.make": _l("Make"),
    "item.make_text": _l("Make, in words"),
    "item.model": _l("Model"),
    "item.frt_no": _l("Firearms reference table number"),
    "item.nsn": _l("NATO stock number"),
    "item.calibre": _l("Calibre"),
    "item.calibre_code": _l("Calibre code (NCIC)"),
    "item.country_of_manufacture": _l("Country of manufacture"),
    "item.serials": _l("Serial numbers"),
    "item.condition": _l("Condition of the markings"),
    "item.import_mark": _l("Import mark"),
    "item.proof_marks": _l("Proof marks"),
    "item.year_mark": _l("Year mark"),
    "item.unit_mark": _l("Unit mark"),
    "item.owner_class": _l("Class of owner"),
    "item.lot": _l("Lot"),
    "item.headstamp": _l("Headstamp"),
    "item.method": _l("How it was made"),
    "item.design_family": _l("Design family"),
    "item.defects": _l("Defects"),
    "item.description": _l("Description"),
    "item.hs_code": _l("HS code"),
    "event.kind": _l("What happened"),
    "event.date": _l("Date"),
    "event.country": _l("Country"),
    "event.locode": _l("Place as UN/LOCODE"),
    "event.mgrs": _l("Place as MGRS square"),
    "event.place": _l("Place"),
    "event.count": _l("How many"),
    "event.sale": _l("Kind of sale"),
    "event.licence": _l("Licence"),
    "event.end_user": _l("End user"),
    "event.end_user_certificate": _l("End-user certificate"),
    "event.from_locode": _l("From (UN/LOCODE)"),
    "event.to_locode": _l("To (UN/LOCODE)"),
    "event.ship_date": _l("Date of shipment"),
    "event.list_root": _l("Root of the list"),
    "event.discrepancies": _l("Discrepancies"),
    "event.force": _l("Force"),
    "event.inventory": _l("Kind of inventory"),
    "event.evidence": _l("Evidence"),
    "event.confidence": _l("Confidence"),
    "event.observation": _l("How it was observed"),
    "event.offer": _l("Where it was offered"),
    "event.platform": _l("Platform"),
    "event.listing_id": _l("Number of the listing"),
    "event.price": _l("Price"),
    "event.recovery": _l("How it was recovered"),
    "event.method": _l("Method"),
    "event.certificate": _l("Certificate"),
    "event.postal_item": _l("Postal item (UPU S10)"),
    "event.suspicious": _l("Suspicious"),
    "event.ballistic_system": _l("Ballistic system"),
    "event.ballistic_reference": _l("Ballistic reference"),
    "case.case_number": _l("Case number"),
    "case.offence": _l("Offence"),
    "case.actor": _l("Actor attributed"),
    "case.circumstances": _l("Circumstances"),
    "case.persons": _l("Persons"),
    "case.source": _l("Source"),
    "case.evaluation": _l("Evaluation (Admiralty code)"),
    "case.time": _l("Exact time"),
    "case.place": _l("Exact place"),
    "case.mgrs": _l("Exact place as MGRS square"),
    "case.photos": _l("Photos (SHA-256)"),
    "case.officer": _l("Officer to contact"),
    "case.seller": _l("Seller"),
    "case.buyer": _l("Buyer"),
    "case.from_group": _l("From group"),
    "case.to_group": _l("To group"),
    "case.alias": _l("Alias"),
    "record_class": _l("Record class"),
}

# What may be typed is read as a cell of a list is: names besides codes. Limits of length are told when they are passed.
_HINTS: Mapping[str, str] = {
    "item.make": _l("a name, or its NCIC code"),
    "item.type": _l("an English word, or its NCIC code"),
    "item.country_of_manufacture": _l("an English name, or a code of three letters"),
    "event.country": _l("an English name, or a code of three letters"),
    "event.count": _l("a whole number"),
    "case.evaluation": _l("source A to F, information 1 to 6, like B2"),
}
_DATES = "2021-03-14, 2021-03, 2019/2021, ../2014"
EXAMPLES: Mapping[str, str] = {
    "item.frt_no": "10421-2",
    "item.nsn": "5855-01-432-0524",
    "item.calibre_code": "9",
    "item.hs_code": "9302",
    "event.date": _DATES,
    "event.ship_date": _DATES,
    "event.locode": "BRRIO",
    "event.from_locode": "BRRIO",
    "event.to_locode": "BRRIO",
    "event.mgrs": "23KPQ87",
    "event.postal_item": "RR473124829XA",
    "event.suspicious": "yes, no",
    "case.time": "2021-03-14T22:05-03:00",
    "case.mgrs": "23KPQ87",
}


def field_hint(name: str) -> str:
    """Return what may be typed into the box of a field; nothing for plain text."""
    if name in EXAMPLES:
        return str(_("like %(example)s", example=EXAMPLES[name]))
    return str(_HINTS.get(name, ""))


def field_word(name: str) -> str:
    """Return what a field is called; one that a newer agency sent goes by its own name."""
    return str(FIELD_WORDS.get(name, name))
