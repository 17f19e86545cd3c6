"""Column names as lists carry them, in the languages of the first users, and the fields they mean (data alone).

Names are compared without accents, case and punctuation. A name that could mean two things is left out: an
unrecognised column is shown to a person, a wrongly recognised one might not be.
"""

import unicodedata
from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "item.serials": (
        "serial,serial no,serial number,firearm serial,weapon serial,serials,sn,"
        "numero de serie,n de serie,nº de serie,no de serie,numero serie,num serie,serie,"
        "n o de serie,nº serie,n serie,número de série,numéro de série,matricule,n° d'arme,n° de l'arme,numéro d'arme,seriennummer,"
        "серийный номер,номер,номер оружия,№ оружия,серия и номер,заводской номер,серійний номер,номер зброї,"
        "الرقم التسلسلي,رقم السلاح,رقم القطعة,سیریل نمبر,شماره سریال,نمبر مسلسل"
    ),
    "item.make": (
        "make,maker,manufacturer,manufacturer name,brand,"
        "marca,fabricante,fabricant,marque,fabrikat,hersteller,"
        "марка,изготовитель,производитель,виробник,الماركة,الصانع,الشركة المصنعة,ساخت,کمپنی"
    ),
    "item.model": "model,modelo,modele,modèle,modell,модель,الطراز,ماڈل,مدل",
    "item.calibre": ("calibre,caliber,firearm caliber,cal,gauge,calibro,kaliber,калибр,калібр,العيار,کیلیبر,کالیبر"),
    "item.type": (
        "type,weapon type,firearm type,type of weapon,tipo,tipo de arma,especie,type d arme,typ,waffenart,"
        "тип,тип оружия,вид оружия,тип зброї,نوع السلاح,قسم اسلحہ,نوع سلاح"
    ),
    "item.kind": "kind,category,categoria,categoría,catégorie,категория,категорія",
    "item.country_of_manufacture": (
        "country of manufacture,country of origin,made in,pais de fabricacao,país de fabricação,"
        "pais de fabricacion,país de fabricación,pays de fabrication,страна изготовления,країна виробництва,"
        "بلد الصنع"
    ),
    "item.description": (
        "description,remarks on weapon,descricao,descrição,descripcion,descripción,désignation,"
        "описание,опис,الوصف,تفصیل,شرح"
    ),
    "event.date": (
        "date,event date,date of seizure,seizure date,date seized,date recovered,recovery date,date of event,"
        "data,data da apreensao,data da apreensão,data do fato,fecha,fecha de incautacion,fecha de incautación,"
        "fecha de decomiso,date de saisie,datum,дата,дата изъятия,дата вилучення,التاريخ,تاريخ الضبط,تاریخ"
    ),
    "event.country": "country,country of event,pais,país,pays,land,страна,країна,البلد,ملک,کشور",
    "event.place": (
        "place,location,city,town,municipality,local,cidade,municipio,município,lugar,ciudad,lieu,ville,commune,ort,"
        "место,город,місце,місто,المكان,المدينة,شہر,محل"
    ),
    "case.case_number": (
        "case,case no,case number,file number,reference,report number,bo,numero do bo,nº do bo,processo,inquerito,"
        "expediente,numero de caso,número de caso,nº de expediente,numero de dossier,numéro de dossier,n° de dossier,n° dossier,"
        "aktenzeichen,"
        "номер дела,№ дела,номер справи,رقم القضية,مقدمہ نمبر,شماره پرونده"
    ),
    "case.offence": "offence,offense,crime,delito,crime cometido,infraction,natureza,преступление,злочин,الجريمة,جرم",
    "case.circumstances": (
        "circumstances,remarks,notes,comments,observacoes,observações,observaciones,remarques,circonstances,"
        "обстоятельства,примечание,примітка,ملاحظات"
    ),
    "case.officer": "officer,officer contact,contact,investigator,responsavel,responsável,agente,enquêteur",
}


def fold(name: str) -> str:
    """Return a column name as it is compared: letters and digits alone, no accents, no case, single blanks."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(
        " " if not character.isalnum() else character
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return " ".join(letters.split())


FIELD_BY_HEADER: Mapping[str, str] = {fold(name): field for field, names in _NAMES.items() for name in names.split(",")}
