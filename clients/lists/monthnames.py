"""The months of the Gregorian calendar by name, in the languages of the first users (data alone).

Arabic has three sets of names: of the Levant and Iraq, of Egypt and the Gulf, of the Maghreb. A name that could be two
months is left out (a bare "tishrin", the French "jui"), and so are the months of other calendars.
"""

from collections.abc import Mapping

from clients.lists.headers import fold

_NAMES = (
    "January,Jan,janvier,janv,enero,ene,janeiro,Januar,январь,января,янв,січень,січня,كانون الثاني,يناير,جانفي",
    "February,Feb,février,févr,fév,febrero,fevereiro,fev,Februar,февраль,февраля,фев,февр,лютий,лютого,شباط,فبراير,فيفري",
    "March,Mar,mars,marzo,março,März,март,марта,мар,березень,березня,آذار,مارس",
    "April,Apr,avril,avr,abril,abr,апрель,апреля,апр,квітень,квітня,نيسان,أبريل,إبريل,أفريل",
    "May,mai,mayo,maio,май,мая,травень,травня,أيار,مايو,ماي",
    "June,Jun,juin,junio,junho,Juni,июнь,июня,июн,червень,червня,حزيران,يونيو,جوان",
    "July,Jul,juillet,juil,julio,julho,Juli,июль,июля,июл,липень,липня,تموز,يوليو,يوليوز,جويلية",
    "August,Aug,août,agosto,ago,август,августа,авг,серпень,серпня,آب,أغسطس,غشت,أوت",
    "September,Sep,Sept,septembre,septiembre,setiembre,setembro,сентябрь,сентября,сен,сент,вересень,вересня,أيلول,سبتمبر,شتنبر",
    "October,Oct,octobre,octubre,outubro,out,Oktober,Okt,октябрь,октября,окт,жовтень,жовтня,تشرين الأول,أكتوبر",
    "November,Nov,novembre,noviembre,novembro,ноябрь,ноября,ноя,нояб,листопад,листопада,تشرين الثاني,نوفمبر,نونبر",
    "December,Dec,décembre,déc,diciembre,dic,dezembro,dez,Dezember,декабрь,декабря,дек,грудень,грудня,كانون الأول,ديسمبر,دجنبر",
)

MONTH_BY_NAME: Mapping[str, int] = {
    fold(name): number for number, names in enumerate(_NAMES, 1) for name in names.split(",")
}
