# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""What officers write in the serial box when there is no serial number to write, in nine languages. Data only.

Phrases are written in small letters without accents or punctuation, as `conditions.fold` leaves them; `;` separates
them and a final `*` stands for any ending. No phrase holds a digit, so that no word with one is ever taken for a
wording. On two agencies 20 % and 8 % of all rows held such a wording, one of them 23,579 times: a wording that
became a token would link all of these weapons to each other.
"""

from collections.abc import Mapping
from enum import Enum


class Condition(Enum):
    """The state of a marking (docs/vocabulary.md, 2)."""

    LEGIBLE = "legible"
    PARTIAL = "partial"
    WORN = "worn"
    OBLITERATED = "obliterated"
    ALTERED = "altered"
    RESTORED = "restored"
    NEVER_MARKED = "never_marked"
    NOT_RECORDED = "not_recorded"


Phrases = Mapping[Condition, str]

_ENGLISH: Phrases = {
    Condition.LEGIBLE: "legible; readable; clearly legible; intact; not altered; unaltered; not obliterated; not defaced",
    Condition.PARTIAL: "partial; partially; partly; incomplete; part of serial; partial serial; last digits only; damaged",
    Condition.WORN: "worn; worn off; worn out; worn away; faded; rusted; rusty; corroded; pitted; illegible; unreadable; "
    "not legible; not readable; indecipherable; cannot be read; cannot read; can not read; could not be read; "
    "unable to read; cant read; hard to read; weathered; not visible; no visible; none visible; not discernible",
    Condition.OBLITERATED: "obliterat*; oblit; obl; defac*; eras*; removed; removal; ground; grinded; ground off; filed; "
    "filed off; scratched; scratched off; scratched out; drilled; drilled out; punched; punched out; destroyed; "
    "rubbed; rubbed off; sanded; sanded off; milled; milled off; peened; mutilated; scrubbed; gouged; gouged out; "
    "burned off; melted; polished off; buffed off; chiseled; chiselled; wiped; tampered off; cut off",
    Condition.ALTERED: "altered; alteration; tampered; tampered with; restamped; re stamped; overstamped; over stamped; "
    "renumbered; re numbered; falsified; counterfeit; fake; forged; changed; modified; not original",
    Condition.RESTORED: "restor*; raised; raised by acid; recovered by etching; acid etch; acid etched; developed",
    Condition.NEVER_MARKED: "no serial; no ser; no sn; no s n; no number; no serials; no numbers; no marking; no markings; "
    "no serial visible; none; non serialized; unserialized; unserialised; not serialized; not serialised; nonserialized; "
    "unmarked; not marked; never marked; without serial; without number; without markings; w o serial; wo serial; "
    "serial less; serialless; ghost; ghost gun; no serial assigned; not stamped; unstamped; unnumbered; not numbered; "
    "homemade; home made; privately made; pmf; nsn; nosn; noserial; nonumber; no visible serial; none found; "
    "does not have; has no serial; not applicable; n a; na; not app",
    Condition.NOT_RECORDED: "unknown; unk; unkn; unknwn; uknown; not known; not recorded; not available; not avail; "
    "unavailable; not given; not provided; not reported; not noted; not listed; not stated; not entered; not checked; "
    "not obtained; not documented; missing; blank; empty; pending; tbd; to be determined; to follow; undetermined; "
    "undisclosed; unspecified; not specified; nil; null; nan; see notes; see report; see remarks; see attached; "
    "see description; see narrative; various; multiple; redacted; withheld; n k; nk; u k; test; default; "
    "not found; lost; same; as above; ditto; nv",
}

_PORTUGUESE: Phrases = {
    Condition.LEGIBLE: "legivel; legiveis; integro; integra; nao adulterad*; nao raspad*; sem adulteracao",
    Condition.PARTIAL: "parcial; parcialmente; parcialmente legivel; incompleto; incompleta; parte da numeracao; danificad*",
    Condition.WORN: "gasto; gasta; desgastad*; ilegivel; ilegiveis; nao legivel; oxidad*; enferrujad*; corroid*; "
    "nao visivel; sem visibilidade; invisivel; prejudicad*; nao identificavel; imperceptivel; pouco legivel",
    Condition.OBLITERATED: "raspad*; suprimid*; supressao; obliterad*; apagad*; lixad*; limad*; esmerilhad*; adulterada raspada; "
    "removid*; puncionad* sobre; picotad*; destruid*; arrancad*; eliminad*; danificada por raspagem; raspagem; "
    "numeracao rasp; num rasp; nr rasp; rasp; supr; descaracterizad*",
    Condition.ALTERED: "adulterad*; alterad*; remarcad*; regravad*; falsificad*; modificad*; clonad*; trocad*",
    Condition.RESTORED: "restaurad*; restaurado por quimica; revelad*; revelacao; recuperad*; reveladas",
    Condition.NEVER_MARKED: "sem numero; sem numeros; sem no; sem n; sem nr; sem num; sem numeracao; sem n o; sem nro; "
    "sem serie; sem n serie; sem marcacao; sem marca; sem marcas; sem identificacao; nao possui; nao tem; nao ha; "
    "nao numerad*; nao consta numero; inexistente; nenhum; nenhuma; s n; sn; s numero; s num; s numeracao; s nr; "
    "s serie; caseira; caseiro; artesanal; fabricacao caseira; fabricacao artesanal; nao se aplica; nunca marcad*",
    Condition.NOT_RECORDED: "nao informad*; nao consta; nao registrad*; nao registad*; desconhecid*; ignorad*; nao identificad*; "
    "nao disponivel; indisponivel; a apurar; nao apurad*; nao verificad*; nao declarad*; n i; ni; n c; nc; n d; nd; "
    "nao anotad*; em branco; prejudicado; nao localizad*; vide laudo; vide obs; ver laudo; em pericia",
}

_SPANISH: Phrases = {
    Condition.LEGIBLE: "legible; legibles; intacto; intacta; sin alteracion; sin alteraciones; no alterad*; no limad*",
    Condition.PARTIAL: "parcial; parcialmente; parcialmente legible; incompleto; incompleta; danad*",
    Condition.WORN: "gastad*; desgastad*; ilegible; ilegibles; no legible; oxidad*; corroid*; no visible; no se ve; "
    "no se aprecia; no se lee; no se distingue; poco legible; deteriorad*; inteligible; ininteligible",
    Condition.OBLITERATED: "limad*; borrad*; raspad*; suprimid*; obliterad*; erradicad*; esmerilad*; lijad*; removid*; "
    "eliminad*; destruid*; tachad*; picad*; punzonad* encima; rayad*; devastad*; desbastad*; amolad*; quitad*; "
    "seriales limados; serial limado; nro limado; limadura; fresad*",
    Condition.ALTERED: "alterad*; adulterad*; remarcad*; regrabad*; reestampad*; falsificad*; modificad*; cambiad*; trucad*",
    Condition.RESTORED: "restaurad*; restauracion; revelad*; reactivad*; recuperad*; revenido quimico",
    Condition.NEVER_MARKED: "sin numero; sin numeros; sin no; sin n; sin nro; sin num; sin nr; sin numeracion; sin serie; "
    "sin serial; sin seriales; sin n de serie; sin no de serie; sin nro de serie; sin marca; sin marcas; sin marcaje; "
    "sin identificacion; sin matricula; no tiene; no posee; no presenta; no lleva; no numerad*; ningun*; inexistente; "
    "s no; s nro; s serie; s num; s numero; hechiza; hechizo; casera; casero; fabricacion casera; no aplica; nunca marcad*; "
    "carece; carece de numero; no porta",
    Condition.NOT_RECORDED: "desconocid*; no consta; no registra; no registrad*; no informad*; no indicad*; no identificad*; "
    "se desconoce; se ignora; ignorad*; no disponible; no reporta; no reportad*; no especifica; no especificad*; "
    "sin dato; sin datos; sin informacion; s d; sd; s i; en blanco; por determinar; pendiente; no anotad*; vacio; "
    "no refiere; ver informe; no verificad*",
}

_FRENCH: Phrases = {
    Condition.LEGIBLE: "lisible; lisibles; bien lisible; intact; intacte; non altere; non efface",
    Condition.PARTIAL: "partiel; partielle; partiellement; partiellement lisible; incomplet; incomplete; endommage; endommagee",
    Condition.WORN: "use; usee; uses; illisible; illisibles; non lisible; rouille; rouillee; corrode; corrodee; oxyde; oxydee; "
    "non visible; pas visible; invisible; peu lisible; difficilement lisible; indechiffrable; efface par usure",
    Condition.OBLITERATED: "efface; effacee; effaces; effacees; oblitere; obliteree; obliteres; lime; limee; limes; meule; meulee; "
    "gratte; grattee; grattes; supprime; supprimee; enleve; enlevee; detruit; detruite; poince; ponce; poncee; rature; "
    "raturee; fraise au numero; arrache; arrachee; martele; martelee; burine; burinee; raye; rayee; degrade; degradee",
    Condition.ALTERED: "altere; alteree; alteres; modifie; modifiee; falsifie; falsifiee; contrefait; contrefaite; refrappe; "
    "refrappee; surfrappe; surfrappee; maquille; maquillee; remarque; remarquee; regrave; regravee",
    Condition.RESTORED: "restaure; restauree; restitue; restituee; revele; revelee; releve par acide; reconstitue; reconstituee; "
    "recupere; recuperee",
    Condition.NEVER_MARKED: "sans numero; sans numeros; sans no; sans n; sans nr; sans num; sans numero de serie; sans n de serie; "
    "sans serie; sans marque; sans marques; sans marquage; sans marquages; aucun; aucune; aucun numero; aucun marquage; "
    "pas de numero; pas de marquage; pas de serie; pas de n; non numerote; non numerotee; non marque; non marquee; "
    "jamais marque; jamais marquee; inexistant; inexistante; neant; artisanal; artisanale; fabrication artisanale; "
    "depourvu; depourvu de numero; ss no; ss numero; sans objet; s o",
    Condition.NOT_RECORDED: "inconnu; inconnue; inconnus; non renseigne; non renseignee; non communique; non communiquee; non releve; "
    "non relevee; non indique; non indiquee; non precise; non precisee; non disponible; non enregistre; non enregistree; "
    "non connu; non note; non identifie; non identifiee; ignore; a determiner; a completer; non specifie; nr; n r; nc; n c; "
    "voir rapport; voir pv; vide; manquant; manquante; en attente",
}

_ARABIC: Phrases = {
    Condition.LEGIBLE: "مقروء; مقروءه; واضح; واضحه",
    Condition.PARTIAL: "جزيي; جزييا; جزء من الرقم; غير مكتمل; ناقص; غير كامل; تالف; تالفه",
    Condition.WORN: "غير مقروء; غير مقروءه; غير واضح; غير واضحه; متاكل; متاكله; صدي; صديه; باهت; باهته; لا يقرا; "
    "غير ظاهر; غير مريي; صعب القراءه; مهتري",
    Condition.OBLITERATED: "مطموس; مطموسه; مطموس الرقم; الرقم مطموس; ممسوح; ممسوحه; ممحو; ممحي; ممحوه; مكشوط; مكشوطه; محكوك; محكوكه; "
    "مبرود; مبروده; مزال; مزاله; ازيل; تم ازالته; ازاله; مشطوب; مشطوبه; مشوه; مخدوش; طمس; مجلوخ; مخفي",
    Condition.ALTERED: "مزور; مزوره; معدل; معدله; محرف; محرفه; متلاعب به; مغير; تم تغييره; معاد الترقيم",
    Condition.RESTORED: "مستعاد; مستعاده; تم استعادته; مسترجع; تم اظهاره; مستظهر; تم استرجاعه",
    Condition.NEVER_MARKED: "بدون رقم; بدون; بلا رقم; بدون ارقام; بلا ارقام; من دون رقم; دون رقم; بغير رقم; لا يوجد; لا يوجد رقم; "
    "لايوجد; لايوجد رقم; لا رقم; بدون رقم تسلسلي; بدون رقم مسلسل; بدون علامه; بدون علامات; غير مرقم; غير مرقمه; "
    "ليس له رقم; لا يحمل رقم; لا يحمل; محلي الصنع; صناعه محليه; صناعه يدويه; خالي من الارقام; لا ينطبق; ب ر",
    Condition.NOT_RECORDED: "غير معروف; غير معروفه; مجهول; مجهوله; غير مسجل; غير مسجله; غير متوفر; غير متوفره; غير مذكور; غير محدد; "
    "غير مدون; غير متاح; لم يسجل; لم يذكر; لم يدون; قيد الفحص; غير موجود; فارغ; مفقود",
}

_URDU: Phrases = {
    Condition.LEGIBLE: "واضح; پڑھنے کے قابل",
    Condition.PARTIAL: "جزوی; جزوی طور پر; نامکمل; ادھورا",
    Condition.WORN: "گھسا ہوا; گھس گیا; گھسا ہوا نمبر; ناقابل خواندگی; پڑھا نہیں جاتا; پڑھا نہیں جا سکتا; غیر واضح; زنگ الود; مدهم; مدھم; "
    "ناخوانا; پڑھنے کے قابل نہیں",
    Condition.OBLITERATED: "مٹا ہوا; مٹایا ہوا; مٹایا گیا; مٹا دیا گیا; نمبر مٹا ہوا; رگڑا ہوا; رگڑ دیا گیا; کھرچا ہوا; ضائع شده; "
    "ریتی سے مٹایا; مسخ شده; مسخ; حذف شده; ٹیمپر; نمبر رگڑا ہوا; مٹے ہوئے; مٹی ہوئی",
    Condition.ALTERED: "تبدیل شده; جعلی; بدلا ہوا; ردوبدل; ٹیمپرڈ; تبدیل",
    Condition.RESTORED: "بحال شده; بحال; بحال کیا گیا; دوباره حاصل",
    Condition.NEVER_MARKED: "بغیر نمبر; بلا نمبر; بے نمبر; نمبر نہیں; کوئی نمبر نہیں; نمبر نہیں ہے; نمبر موجود نہیں; نمبر ندارد; ندارد; "
    "بنا نمبر; بدون نمبر; دیسی ساختہ; دیسی; درہ ساختہ; کوئی نہیں; نہیں ہے; لاگو نہیں",
    Condition.NOT_RECORDED: "نامعلوم; معلوم نہیں; درج نہیں; نا معلوم; دستیاب نہیں; ریکارڈ نہیں; لکھا نہیں; نہیں لکھا; غیر درج شده; "
    "اندراج نہیں; خالی",
}

_DARI: Phrases = {
    Condition.LEGIBLE: "خوانا; قابل خواندن",
    Condition.PARTIAL: "قسمی; قسما; ناقص; نیمه; نامکمل; بخشی; ناتکمیل",
    Condition.WORN: "ناخوانا; خوانده نمیشود; خوانده نمی شود; غیر قابل خواندن; فرسوده; ساییده; سوده; زنگ زده; کمرنگ; قابل خواندن نیست; "
    "خوانا نیست",
    Condition.OBLITERATED: "محو شده; محو; پاک شده; پاک شده است; تراشیده; تراشیده شده; تراشیده شده است; خراشیده; خراشیده شده; "
    "سوهان شده; سوهان خورده; از بین رفته; از بین برده شده; حذف شده; مخدوش; زدوده; زایل شده; ریگمال شده",
    Condition.ALTERED: "تغییر داده شده; دستکاری شده; دستکاری; جعل شده; جعلی; تغییر یافته; تغییر کرده",
    Condition.RESTORED: "بازیابی شده; احیا شده; بازسازی شده; اشکار شده; دوباره ظاهر شده",
    Condition.NEVER_MARKED: "بدون نمبر; بی نمبر; بدون شماره; بی شماره; بدون نمره; بی نمره; نمبر ندارد; شماره ندارد; نمره ندارد; ندارد; "
    "بدون سریال; بدون نمبر مسلسل; بدون شماره مسلسل; دست ساز; دستساز; ساخت محلی; بدون علامه; بدون علامت; فاقد شماره; فاقد نمبر; "
    "بدون نشانی; بی نشان",
    Condition.NOT_RECORDED: "نامعلوم; معلوم نیست; ثبت نشده; ثبت نیست; نامشخص; مشخص نیست; درج نشده; درج نیست; موجود نیست; نا مشخص; "
    "معلومات نیست; ذکر نشده; خالی",
}

_RUSSIAN: Phrases = {
    Condition.LEGIBLE: "читаем*; читается; разборчив*; читабельн*; не изменен*; не перебит*; не спилен*; не уничтожен*",
    Condition.PARTIAL: "частично; частичн*; неполн*; не полностью; часть номера; поврежден*",
    Condition.WORN: "изношен*; стерт; стерта; стерто; стерты; стертый; стертые; потерт*; нечитаем*; не читаем*; не читается; "
    "нечитабельн*; неразборчив*; не разборчив*; ржав*; заржавел*; коррози*; не виден; не видно; не различим*; не просматривается",
    Condition.OBLITERATED: "спилен*; спил; сточен*; уничтожен*; удален*; сбит; сбита; сбито; сбиты; сбитый; забит; забита; забито; забиты; "
    "затерт*; зашлифован*; сошлифован*; отшлифован*; вытравлен*; срезан*; высверлен*; соскоблен*; перебит уничтожен; "
    "стесан*; сбито; зачищен*; зачеканен*",
    Condition.ALTERED: "изменен*; перебит; перебита; перебито; перебиты; перебитый; перештампован*; подделан*; поддельн*; перенабит*; "
    "переправлен*; фальсифицирован*",
    Condition.RESTORED: "восстановлен*; выявлен*; проявлен*; вытравлен восстановлен",
    Condition.NEVER_MARKED: "без номера; без номеров; без серийного номера; без заводского номера; без маркировки; без обозначений; "
    "без серии; без клейма; без клейм; б н; бн; номера нет; нет номера; номер отсутствует; отсутствует; отсутствуют; "
    "отсутств; нет; не имеет; не имеется; не маркирован*; немаркирован*; не нанесен*; самодельн*; самодел; кустарн*; "
    "не нумерован*; не применимо; не предусмотрен*",
    Condition.NOT_RECORDED: "неизвестн*; не известен; не известно; не установлен*; неустановлен*; не указан*; не записан*; не внесен*; "
    "не зафиксирован*; не определен*; нет данных; данных нет; нет сведений; н д; нд; н у; не зарегистрирован*; "
    "не сообщ*; уточняется; не заполнен*; пусто; см акт; см протокол; не учтен*",
}

_UKRAINIAN: Phrases = {
    Condition.LEGIBLE: "читабельн*; читаеться; розбірлив*; не змінен*; не перебит*; не спилен*; не знищен*",
    Condition.PARTIAL: "частково; частков*; неповн*; не повністю; частина номера; пошкоджен*",
    Condition.WORN: "зношен*; стерт*; потерт*; нечитабельн*; не читаеться; нерозбірлив*; нечитк*; іржав*; заржавіл*; корозі*; "
    "не видно; не видни*; не розрізня*; не проглядаеться",
    Condition.OBLITERATED: "знищен*; спилян*; спилен*; сточен*; видален*; збит*; забит*; затерт*; зашліфован*; зішліфован*; "
    "витравлен*; зрізан*; висвердлен*; зішкребен*; зрубан*; зачищен*; спиляно",
    Condition.ALTERED: "змінен*; перебит*; підроблен*; переправлен*; перештампован*; фальсифікован*; перенабит*",
    Condition.RESTORED: "відновлен*; виявлен*; проявлен*",
    Condition.NEVER_MARKED: "без номера; без номерів; без серійного номера; без заводського номера; без маркування; без позначень; "
    "без серії; без клейма; номера немае; немае номера; немае; нема; номер відсутній; відсутній; відсутня; відсутнє; "
    "відсутні; відсутне; не мае; не маркован*; немаркован*; не нанесен*; саморобн*; кустарн*; не застосовуеться",
    Condition.NOT_RECORDED: "невідом*; не відом*; не встановлен*; невстановлен*; не вказан*; не записан*; не внесен*; не зафіксован*; "
    "не визначен*; даних немае; немае даних; не зареєстрован*; не зареестрован*; уточнюеться; не заповнен*; порожньо; див акт",
}

PHRASES: Mapping[str, Phrases] = {
    "en": _ENGLISH,
    "pt": _PORTUGUESE,
    "es": _SPANISH,
    "fr": _FRENCH,
    "ar": _ARABIC,
    "ur": _URDU,
    "prs": _DARI,
    "ru": _RUSSIAN,
    "uk": _UKRAINIAN,
}

# Words that say nothing themselves and may surround a wording: articles, "serial number", "was", "completely".
FILLERS: Mapping[str, str] = {
    "en": "a; an; the; is; are; was; were; been; has; have; had; be; by; with; on; of; in; from; it; its; to; and; but; or; for; "
    "serial; serials; ser; sn; s; number; numbers; no; nos; num; nbr; nr; number is; marking; markings; mark; marks; "
    "completely; totally; fully; mostly; possibly; appears; appear; intentionally; manually; heavily; very; all; most; "
    "digits; digit; characters; firearm; gun; weapon; pistol; rifle; frame; slide; barrel; receiver; off; out; away; "
    "grinding; filing; drilling; acid; tool; lab; chemically; poor; condition; new; due; rust; wear; maker; manufacturer",
    "pt": "o; a; os; as; um; uma; de; da; do; das; dos; em; na; no; nas; nos; por; com; e; ou; foi; esta; estao; numero; "
    "numeros; numeracao; num; nr; nro; n; serie; serial; arma; pistola; revolver; totalmente; completamente; mecanicamente; "
    "intencionalmente; pericia; laudo; quimica; fabrica; fabricante",
    "es": "el; la; los; las; un; una; del; en; por; con; y; o; fue; esta; estan; se; encuentra; numero; numeros; numeracion; "
    "nro; num; serie; serial; seriales; arma; pistola; totalmente; completamente; intencionalmente; fabrica; matricula",
    "fr": "le; la; les; un; une; du; des; de; en; par; avec; et; ou; est; sont; ete; a; au; numero; numeros; no; num; serie; "
    "arme; pistolet; totalement; completement; entierement; volontairement; d; l; fabrication; matricule",
    "ar": "الرقم; رقم; ارقام; الارقام; المسلسل; التسلسلي; تسلسلي; مسلسل; السلاح; سلاح; القطعه; تم; من; في; علي; كليا; تماما; "
    "بالكامل; عمدا; و; هو; هي; المصنع; للسلاح; حاله",
    "ur": "نمبر; سیریل; کا; کی; کے; ہے; ہیں; ہوا; ہوئے; گیا; اسلحہ; اسلحه; پستول; پر; سے; مکمل; طور; اور; شده; کیا",
    "prs": "نمبر; نمره; شماره; سریال; مسلسل; سلاح; تفنگچه; است; شده; از; در; بر; با; و; کاملا; به; شد; سلاح",
    "ru": "номер; номера; номеров; номерной; серийный; серийные; заводской; заводские; знак; знаки; маркировка; маркировки; "
    "обозначение; обозначения; на; оружии; оружия; полностью; механически; механическим; способом; путем; был; была; "
    "было; были; и; а; с; по; оружие; пистолет; ствол; рамка; рамке; затворе; затвор; серия; экспертизой; химически",
    "uk": "номер; номера; номерів; серійний; серійні; заводський; заводські; маркування; позначення; на; зброї; зброя; повністю; "
    "механічно; механічним; способом; шляхом; був; була; було; були; і; та; з; за; пістолет; ствол; рамка; рамці; затворі; "
    "затвор; серія; експертизою; хімічно",
}

# What stands before a number and is not part of it. Strong labels need a space after them; weak ones, which could
# be the letters of a real number, need a sign (`:` `.` `#` `=` `/`).
STRONG_LABELS = (
    "serial number; serial no; serial nr; serial num; serial; serials; ser no; weapon number; weapon no; "
    "numero de serie; num de serie; no de serie; nro de serie; n de serie; numero serial; n serie; no serie; numero; serie; "
    "numeracao; numeracion; nro; matricula; matricule; numero de fabrica; numero de arma; "
    "الرقم التسلسلي; الرقم المسلسل; رقم السلاح; رقم تسلسلي; رقم مسلسل; الرقم; رقم; "
    "سیریل نمبر; سیریل; نمبر مسلسل; شماره مسلسل; شماره سریال; شماره; نمبر; نمره; "
    "серийный номер; заводской номер; номер оружия; номер; серийный; заводской; зав номер; сер номер; "
    "серійний номер; заводський номер; номер зброї; серійний; заводський"
)
WEAK_LABELS = "s n; sn; s no; ser; no; nr; n; num; nbr; ns; n s; зав; сер; сн"

# Where on the weapon a number stands, as officers head or end it.
LOCATIONS: Mapping[str, str] = {
    "frame": "frame; receiver; lower; lower receiver; upper receiver; body; armacao; chassi; caixa da culatra; armazon; bastidor; "
    "cajon de mecanismos; carcasa; carcaca; quadro; carcasse; chassis; boitier; рамка; рамке; рама; раме; коробка; коробке; "
    "ствольная коробка; ствольной коробке; ствольна коробка; ствольній коробці; рамці; هيكل; الهيكل; اطار; الاطار; بدنه; فریم; باڈی; جسم السلاح",
    "slide": "slide; ferrolho; corredica; corredera; glissiere; кожух; кожухе; кожусі; кожух затвор; кожух затвора; منزلق; المنزلق; "
    "سلاید; سلائیڈ; کشو",
    "barrel": "barrel; bbl; cano; canon; ствол; стволе; стволі; سبطانه; السبطانه; ماسوره; الماسوره; بیرل; نالی; میل; لوله",
    "bolt": "bolt; bolt carrier; cerrojo; verrou; culasse; culatra; затвор; затворе; затворі; затвора; مغلاق; المغلاق; الترباس; ترباس; بولٹ; گلنگدن",
    "other": "cylinder; crane; yoke; magazine; mag; stock; grip; tambor; barillet; crosse; culata; coronha; carregador; cargador; chargeur; "
    "барабан; барабане; барабані; магазин; магазине; магазині; приклад; прикладе; прикладі; مخزن; المخزن; "
    "اخمص; چیمبر; میگزین; قنداق; شاجور",
}

# Whose number it is, where a heading says so; without one it is the maker's.
KINDS: Mapping[str, str] = {
    "import": "import; importer; importacao; importador; importacion; importateur; импорт; імпорт; المستورد; استيراد",
    "property": "property; property tag; inventory; inventory no; asset; tag; patrimonio; inventario; inventaire; "
    "инвентарный; инв; інвентарний; інв; جرد; رقم الجرد",
    "unit": "unit; rack; rack no; unit no; unidade; unidad; unite; войсковой; військовий; وحده; رقم الوحده",
}

# What joins a number and the place named after it ("12345 on slide"), and two numbers with each other.
PREPOSITIONS = "on; at; in; no; na; do; da; de; em; en; el; la; sur; le; du; on the; на; в; у; علي; في; پر; بر; در; the"
CONJUNCTIONS = "and; e; y; et; и; и; та; і; و; اور"
