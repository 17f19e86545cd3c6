"""Types of weapon: what officers write, the NCIC TYP code with its description, and the class that tokens use.

The class is half of the group of a T3 token and frozen with the table version. It is coarse on purpose: one officer's
carbine is another's rifle, and a submachine gun without its stock is recorded as either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ledger.conditions import fold


class TypeClass(Enum):
    """Carried in one hand, with two, or by a crew."""

    HANDGUN = "HANDGUN"
    LONG = "LONG"
    CREW = "CREW"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaponType:
    """A type: NCIC code of type and description (`PI`), its name, and its class."""

    code: str
    text: str
    type_class: TypeClass


# code | class | name | other words
_TYPES = """
PI | HANDGUN | semi-automatic pistol | pistol; handgun; semiautomatic pistol; auto pistol; pist; semi auto pistol; pistola; pistola semiautomatica; pistola semi automatica; pistolet; pistolet semi automatique; pistole; пистолет; пістолет; самозарядный пистолет; مسدس; مسدس نصف الي; پستول; تفنگچه; پستول نیم خودکار; طبنجه
PR | HANDGUN | revolver | rev; revolveres; revolver pistol; револьвер; наган револьвер; ريفولفر; مسدس دوار; ریوالور; رولور
PD | HANDGUN | derringer | deringer; derringer pistol
PS | HANDGUN | single-shot pistol | single shot pistol; pistola de um tiro; garrucha; pistolao; pistola de un tiro; trabuco
PK | HANDGUN | blank pistol | starter pistol; gas pistol; pistola de fogueo; pistola de alarme; pistolet d alarme; сигнальный пистолет; травматический пистолет; стартовий пістолет; مسدس صوت
R | LONG | rifle | fusil; fuzil; rifle; espingarda militar; fusil de chasse raye; винтовка; гвинтівка; карабін нарізний; بندقيه; رائفل; تفنگ; رایفل
RI | LONG | semi-automatic rifle | semiautomatic rifle; semi auto rifle; fuzil semiautomatico; fusil semiautomatico; fusil semi automatique; самозарядная винтовка; بندقيه نصف اليه; نیم خودکار رائفل
RA | LONG | automatic rifle | assault rifle; fuzil automatico; fuzil de assalto; fusil de asalto; fusil automatico; fusil d assaut; автомат; штурмовая винтовка; автоматическая винтовка; بندقيه اليه; رشاش كلاشنكوف; کلاشنکوف رائفل; خودکار رائفل; ماشیندار دستی
RB | LONG | bolt-action rifle | bolt action rifle; carabina de repeticao; fusil de cerrojo; fusil a verrou; болтовая винтовка; снайперская винтовка; sniper rifle; بندقيه قناصه; سنائپر رائفل
RC | LONG | carbine | carabina; carabine; mosquetao; mosqueton; карабин; карабін; كاربين; کاربین
RS | LONG | single-shot rifle | single shot rifle
S | LONG | shotgun | escopeta; espingarda; fusil de chasse; fusil a pompe; ружье; рушниця; дробовик; гладкоствольное ружье; بندقيه صيد; شاٹ گن; تفنگ شکاری; بندوق; 12 bore gun
SP | LONG | pump-action shotgun | pump shotgun; pump action shotgun; escopeta de bombeo; espingarda pump
SE | LONG | double-barrel shotgun | double barrel shotgun; double barreled shotgun; espingarda de dois canos; escopeta de dos canones; двуствольное ружье; двостволка; دو نالی بندوق
SI | LONG | semi-automatic shotgun | semiautomatic shotgun; semi auto shotgun; espingarda semiautomatica; escopeta semiautomatica
SS | LONG | single-shot shotgun | single shot shotgun; single barrel shotgun; espingarda de um cano; espingarda cartucheira
C | LONG | rifle-shotgun combination | combination gun; drilling
B | LONG | submachine gun | machine pistol; smg; sub machine gun; submetralhadora; metralhadora de mao; subfusil; subametralladora; pistolet mitrailleur; пистолет-пулемет; пістолет-кулемет; رشاش صغير; سب مشین گن; ماشیندار کوچک
M | LONG | machine gun | light machine gun; lmg; gpmg; metralhadora; ametralladora; mitrailleuse; fusil mitrailleur; пулемет; кулемет; ручной пулемет; رشاش; رشاش متوسط; مشین گن; ماشیندار; پیکا ماشیندار
MH | CREW | heavy machine gun | hmg; metralhadora pesada; ametralladora pesada; mitrailleuse lourde; крупнокалиберный пулемет; великокаліберний кулемет; رشاش ثقيل; ماشیندار ثقیل
O | CREW | mortar | morteiro; mortero; mortier; миномет; міномет; هاون; مارٹر; هاوان
KN | CREW | rocket launcher | rpg; grenade launcher rocket; lanca rojao; lanzacohetes; lance roquettes; гранатомет; قاذف; قاذفه صواريخ; راکٹ لانچر; راکت انداز
GN | CREW | grenade launcher | lanca granadas; lanzagranadas; lance grenades; подствольный гранатомет; قاذف قنابل; گرینیڈ لانچر
RT | CREW | recoilless rifle | recoilless gun; canhao sem recuo; canon sans recul; canon sin retroceso; безоткатное орудие; مدفع عديم الارتداد
JN | CREW | missile launcher | manpads; atgm; misil; missil portatil; пзрк; птрк; ракетный комплекс; صاروخ موجه; میزائل لانچر
A | CREW | cannon | canhao; canon; пушка; гармата; مدفع; توپ
G | OTHER | grenade | granada; граната; قنبله يدويه; دستی بم; بم دستی
I | OTHER | mine | mina; мина; міна; لغم; بارودی سرنگ; ماین
D | OTHER | disguised gun | pen gun; caneta revolver
V | OTHER | silencer | suppressor; silenciador; silencieux; глушитель; глушник; كاتم صوت; سائلنسر
Z | OTHER | other | others; outro; otro; autre; другое; інше
"""


def find(text: str) -> WeaponType | None:
    """Return the type that `text` names or whose code it is."""
    return _BY_NAME.get(fold(text)) or _BY_CODE.get(text.strip().upper())


def by_code(code: str) -> WeaponType | None:
    """Return the type of an NCIC code; a description this table does not hold falls back to the type alone."""
    return _BY_CODE.get(code) or _BY_CODE.get(code[:1])


def listed() -> Iterator[tuple[WeaponType, list[str]]]:
    """Yield each type with its name and other words."""
    for line in _TYPES.strip().splitlines():
        code, type_class, name, words = (part.strip() for part in line.split("|"))
        yield (
            WeaponType(code=code, text=name, type_class=TypeClass[type_class]),
            [name, *(word.strip() for word in words.split(";"))],
        )


_BY_CODE: Mapping[str, WeaponType] = MappingProxyType({one.code: one for one, _ in listed()})
_BY_NAME: Mapping[str, WeaponType] = MappingProxyType({fold(word): one for one, words in listed() for word in words})
