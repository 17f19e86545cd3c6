"""The months of the Gregorian calendar by name, in the languages of the desk (data alone).

Arabic has three sets of names: of the Levant and Iraq, of Egypt and the Gulf, of the Maghreb. A name that could be two
months is left out (a bare "tishrin", the French "jui"), and so are the months of other calendars.
"""

from collections.abc import Mapping

from clients.lists.headers import fold

_NAMES = (
    "January,Jan,janvier,janv,كانون الثاني,يناير,جانفي",
    "February,Feb,février,févr,fév,شباط,فبراير,فيفري",
    "March,Mar,mars,آذار,مارس",
    "April,Apr,avril,avr,نيسان,أبريل,إبريل,أفريل",
    "May,mai,أيار,مايو,ماي",
    "June,Jun,juin,حزيران,يونيو,جوان",
    "July,Jul,juillet,juil,تموز,يوليو,يوليوز,جويلية",
    "August,Aug,août,آب,أغسطس,غشت,أوت",
    "September,Sep,Sept,septembre,أيلول,سبتمبر,شتنبر",
    "October,Oct,octobre,تشرين الأول,أكتوبر",
    "November,Nov,novembre,تشرين الثاني,نوفمبر,نونبر",
    "December,Dec,décembre,déc,كانون الأول,ديسمبر,دجنبر",
)

MONTH_BY_NAME: Mapping[str, int] = {
    fold(name): number for number, names in enumerate(_NAMES, 1) for name in names.split(",")
}
