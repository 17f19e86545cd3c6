# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""The makes met most, with their NCIC codes where one is known, and the groups they fold to. Data only.

A group joins makes under whose names one weapon may be recorded: maker, licensee, copyist, importer, successor. It
is what tokens are made over, so it is frozen with the table version (a test holds its digest): a make may be added,
an alias may be added, a group never changes. A make without group is a group of its own.

Each line: code | group | name | aliases. `-` is a make that the NCIC list of 2004 does not know: it is written as
ZZZ with its name. Names are compared without case, accents, punctuation and words like "Co." or "Arms".
"""

MAKES = """
CLT | COLT-FN | Colt | Colt's; Colts; Colt Patent; Colt Manufacturing; Colt Defense; Colt 1911; Кольт; كولت; کولٹ
IMB | COLT-FN | Imbel | Industria de Material Belico do Brasil; Itajuba; Fabrica de Itajuba; ИМБЕЛ; ایمبل
FNB | COLT-FN | FN | FN Herstal; Fabrique Nationale; Fabrique Nationale Herstal; FN America; FNH; FNH USA; F.N.; Browning FN; ФН; ФН Херстал; اف ان; ايف ان
BRO | COLT-FN | Browning | Browning Arms; American Browning; Broning; Браунинг; Браунінг; براوننج; براؤننگ; برونينغ
GLC | | Glock | Glok; Gloc; Glock Ges; Glock GmbH; Глок; Ґлок; جلوك; غلوك; گلوک; كلوك
SW | | Smith & Wesson | S&W; SW; S & W; Smith Wesson; Smith and Weson; Smith&Wesson; Smit Wesson; Смит и Вессон; Смит-Вессон; Сміт і Вессон; سميث اند ويسون; سمیث اینڈ ویسن; سمیت اند وسون
TAS | | Taurus | Forjas Taurus; Taurus Armas; Taurus International; Tauros; Taurus Brasil; Таурус; تاوروس; ٹورس
AMR | | Rossi | Amadeo Rossi; Rossi Interarms; A. Rossi; Росси; روسي
SR | | Ruger | Sturm Ruger; Sturm, Ruger & Co; Rugger; Rüger; Ругер; Рюгер; روجر; روگر
SGD | SPRINGFIELD | Springfield Armory | Springfield; Springfield Inc; Springfield Armoury; SA Springfield; Спрингфилд; سبرينغفيلد
- | SPRINGFIELD | HS Produkt | HS Produkt Karlovac; I.M. Metal; IM Metal; Hs-produkt; ХС Продукт
- | | SCCY | SCCY Industries; SCCY Firearms; Skyy
BER | | Beretta | P. Beretta; Pietro Beretta; Fabbrica d'Armi Pietro Beretta; PB; Bereta; Berreta; Beretta USA; Беретта; Берета; بيريتا; بریٹا; برتا
SIG | SIG-SAUER | SIG Sauer | SIG; Sig-Sauer; Sigsauer; SIG Arms; Sigarms; Swiss Industrial; SAN Swiss Arms; Swiss Arms; Hämmerli; Зиг Зауэр; ЗИГ-Зауер; سيج ساور; سگ ساور
SSS | SIG-SAUER | J. P. Sauer | Sauer; Sauer & Sohn; J.P. Sauer & Sohn; JP Sauer; Зауэр; Зауер
- | CANIK | Canik | Canik55; Canik USA; Samsun Yurt Savunma; SYS; Century Canik; Каник; جانيك
HIH | HI-POINT | Hi-Point | Hi Point; HiPoint; Hi-Point Firearms; High Point; Beemiller; MKS Supply; Strassell's
HSK | HI-POINT | Haskell | Haskell Manufacturing; Iberia Firearms
CBR | DAVIS-COBRA | Cobra Enterprises | Cobra; Cobra Firearms; Cobra Utah; Bearman; Bearman Industries
DAB | DAVIS-COBRA | Davis Industries | Davis
LCN | | Lorcin | Lorcin Engineering; Larcin
MOS | | Mossberg | O.F. Mossberg; Mossberg & Sons; O F Mossberg and Sons; Maverick Mossberg; Mosberg; Моссберг; موسبيرغ; موسبرگ
REM | | Remington | Remington Arms; Remmington; Remington Outdoor; Remington Rand; Ремингтон; Ремінгтон; ريمنغتون; ریمنگٹن
KTC | | Kel-Tec | Keltec; Kel Tec CNC; KelTec CNC Industries
WAL | WALTHER | Walther | Carl Walther; Walter; Walther Arms; Interarms Walther; Umarex Walther; Вальтер; والتر; والثر; فالتر
MHN | WALTHER | Manurhin | Manufacture du Haut-Rhin; Манурин; مانوران
BRY | JENNINGS | Bryco | Bryco Arms
JEI | JENNINGS | Jennings | Jennings Firearms; Calwestco
JMZ | JENNINGS | Jimenez Arms | Jimenez; J.A. Industries
- | | Palmetto State Armory | Palmetto; PSA; Palmetto State
- | | Polymer80 | Polymer 80; P80
DPM | | DPMS | DPMS Panther; Panther Arms; DPMS Inc; Defense Procurement Manufacturing Services
CIA | CENTURY | Century Arms | Century; Century International; Century International Arms; C.A.I. Georgia; CAI
CAI | CENTURY | Century Arms St. Albans | Century Arms VT
KIE | | Kimber | Kimber Mfg; Kimber America; Kimber of America; Кимбер
BHT | | Bushmaster | Bushmaster Firearms; Bushmaster Windham; Бушмастер
NAA | | North American Arms | NAA; N.A.A.; North American
SX | AK-PATTERN | Kalashnikov | Kalashnikow; Kalachnikov; Kalasnikov; Kalaschnikow; Kalashnikov Concern; Concern Kalashnikov; AK; AK47; AK-47; AKM; AKMS; AK74; AK-74; АК; АК-47; АКМ; АКМС; АК-74; АК-74М; АКС-74У; Калашников; Калашніков; Калаш; كلاشنكوف; كلاشينكوف; کلاشنکوف; کلاشینکوف; Avtomat Kalashnikova
IZH | AK-PATTERN | Izhevsk | Izhmash; Izhmekh; IZHMASH Saiga; Saiga; Baikal; IJ; IZH; Izhevsk Mechanical; Ижевск; Ижмаш; Ижмех; Иж; Байкал; Сайга; Іжмаш; ايجيفسك
TUA | AK-PATTERN | Tula | Tula Arms; Arsenal de Tula; TOZ; Tulsky; Тула; ТОЗ; Тульский; Тульський; تولا
MLT | AK-PATTERN | Molot | Vyatskie Polyany; Vepr; Молот; Вепрь
SIV | AK-PATTERN | Simonov | SKS Simonov; SKS; СКС; Симонов; سيمينوف; سیمینوف
MAV | AK-PATTERN | Makarov | Makarow; PM Makarov; Макаров; ПМ; Пистолет Макарова; ماكاروف; مکاروف; میکاروف
- | AK-PATTERN | Tokarev | TT Tokarev; TT-33; TT33; Tokarew; Токарев; ТТ; Токарєв; توكاريف; ٹی ٹی; توکاروف
MOA | | Mosin-Nagant | Mosin; Moisin Nagant; Mosin Nagant; Мосин; Мосина; Мосін
NAG | | Nagant | Nagan; Наган
NON | AK-PATTERN | Norinco | China North Industries; North China Industries; Norinco China; Type 56; Норинко; نورينكو; نورینکو
POT | AK-PATTERN | Poly Technologies | Polytech; Poly Tech; Polytechnologies; Poly-Tech
- | AK-PATTERN | Chinese State Arsenal | Factory 66; State Factory 66; Chinese State Factory; Jianshe; Zhongzhou
RMC | AK-PATTERN | Romarm | Cugir; Romarm Cugir; Cugir Romania; ROMARM/CUGIR; SAR Cugir; WASR; Ромарм; Куджир; رومارم; کوجیر
ZAS | AK-PATTERN | Zastava | Crvena Zastava; Zastava Arms; Zavodi Crvena Zastava; Zavodi Crevena; Zastava Yugoslavia; Застава; Црвена Застава; زاستافا; زستاوا
FEG | AK-PATTERN | FEG | Femaru; Fegyver es Gepgyar; Fegyvergyar; Fémáru; Frommer; ФЕГ
RAD | AK-PATTERN | Radom | FB Radom; Fabryka Broni; Lucznik Radom; Circle 11; Радом; رادوم
LUZ | AK-PATTERN | Lucznik | Zaklady Metalowe Lucznik; Łucznik; Лучник
MDI | AK-PATTERN | Maadi | Maadi Egypt; Factory 54; Misr; Maadi Company; Маади; المعادي; معادي
- | AK-PATTERN | Arsenal Bulgaria | Arsenal Bulgarie; Arsenal of Bulgaria; Arsenal Kazanlak; Kazanlak; Circle 10
ANL | AK-PATTERN | Arsenal Inc | Arsenal Las Vegas; Арсенал; ارسنال
ETW | AK-PATTERN | Ernst Thälmann | Ernst Thaelmann; Ernst Thelmann; Ernst Thaelmann Suhl; Wiesa; MPi-KM; Тельман
- | AK-PATTERN | Tabuk | Al-Qadissiya; Al Qadisiyah; Iraqi Tabuk; تبوك; القادسية
- | AK-PATTERN | Type 58 | Factory 61; DPRK Type 58; 58식
- | AK-PATTERN | Khyber copy | Darra; Darra Adam Khel; Khyber Pass; Pakistani copy; Local Pakistan; درہ; درہ آدم خیل; دره; ساخت دره; خیبر
- | | Degtyaryov Plant | ZiD; Kovrov; Ковров; ЗиД
DEG | | Degtyarev | Degtyarov; DP-28; DShK; RPD; Дегтярев; Дегтярьов; ДШК; РПД; دوشكا; دوشکا
- | | PKM | PK; PKT; Pulemyot Kalashnikova; ПКМ; ПК; بي كي سي; پیکا; پی کے
- | | RPG | RPG-7; RPG7; РПГ; РПГ-7; آر بي جي; آر پی جی; راکت لانچر
- | | Dragunov | SVD; Драгунов; СВД; Драгунова; دراغونوف; دراگانوف; دراگنوف
- | | Fort | Fort Vinnytsia; RPC Fort; KNVO Fort; Форт; Форт-12; НПО Форт
HEC | HK | Heckler & Koch | HK; H&K; H & K; Heckler und Koch; Heckler Koch; Hecker & Koch; Хеклер и Кох; Хеклер унд Кох; Геклер і Кох; هيكلر اند كوخ; ہیکلر اینڈ کوخ
CET | HK | CETME | C.E.T.M.E.; Сетме
SNB | HK | Santa Barbara | Santa Barbara Sistemas; Empresa Nacional Santa Barbara; Fabrica de La Coruna
KIR | HK | MKE | Kirikkale; MKEK; Makina ve Kimya; МКЕ; قيريق قلعة
PAK | HK | Pakistan Ordnance Factories | POF; POF Wah; Wah Cantt; Pakistan Ordnance Factory; پاکستان آرڈیننس فیکٹری; واہ فیکٹری
HAI | HK | Hellenic Arms Industry | EBO; Hellenic Arms; EAS Hellenic; Pyrkal; ЕБО; ΕΒΟ
- | HK | FMP | FBP; Fabrica Braco de Prata; Fabrica Militar de Braco de Prata; INDEP
- | HK | DIO | Iran DIO; Defense Industries Organization; G3 Iran; سازمان صنایع دفاع; صنایع دفاع
IMI | IMI | IMI | Israel Military Industries; I.M.I.; IWI; Israel Weapon Industries; Israeli Military; ИМИ; ІМІ
UZI | IMI | Uzi | Узи; Узі; عوزي; اوزی
GLI | IMI | Galil | Галиль; Галил; Галіл; جليل
ISR | IMI | Magnum Research | Desert Eagle; MRI Desert Eagle; Israeli Desert Eagle
CZU | CZ | CZ-USA | CZ USA; C Z USA
FOZ | CZ | Česká zbrojovka | Ceska Zbrojovka; CZ; CZUB; Ceska; Ceska Zbrojovka Uhersky Brod; Strakonice; CZ Strakonice; Чешска зброевка; ЧЗ; Чеська зброєвка; سي زد; تشيسكا زبرويوفكا
BRZ | CZ | Zbrojovka Brno | Brno; Brno Zbrojovka; Брно
TOF | TANFOGLIO | Tanfoglio | Fratelli Tanfoglio; F.lli Tanfoglio; Танфолио; Танфольо
EAB | TANFOGLIO | European American Armory | EAA; E.A.A.; EAA Corp
SMZ | | Sarsilmaz | Sarsılmaz; SAR USA; SAR Arms; Сарсылмаз; صارصيلماز
- | | Girsan | Yavuz 16; Girsan Giresun; Гирсан; جيرسان; غيرسان
- | | Tisas | Tisaş; Trabzon Silah; TISAS Trabzon; Тисас; تيساش
SKS | | Hatsan | Hatsan Arms; Silah Makina Klip; Escort; Хатсан
STE | | Steyr | Steyr Mannlicher; Steyr-Mannlicher; Steyr Daimler Puch; AUG; Штайр; Штейр; ستاير; شتاير
MAU | MAUSER | Mauser | Mauser Werke; Mauser-Werke; DWM; Маузер; ماوزر
LUG | MAUSER | Luger | Parabellum Luger; P08; Люгер; لوجر
ERM | | Erma | Erma Werke; Erma-Werke
AST | | Astra | Unceta; Astra Unceta; Esperanza y Unceta; Астра; استرا
STA | | Star | Bonifacio Echeverria; Star B. Echeverria; Estrella; Echeverria; Стар; ستار
LLA | | Llama | Gabilondo; Llama Gabilondo; Llama Indumil; Indumil; Лама; لاما
AEI | | Bersa | Industria Argentina Bersa; Bersa Thunder; Берса; بيرسا
FAI | | FMAP | FM Argentina; Fabricaciones Militares; DGFM; D.G.F.M.; FMAP DM; FMAP Rosario; Domingo Matheu
HIS | | Ballester-Molina | Ballester Molina; Hafdasa; Ballester Rigaud
BNL | | Benelli | Benelli Armi; Benelli USA; Бенелли; بينيلي
FHQ | | Franchi | Luigi Franchi; L. Franchi; Франки
STZ | | Stoeger | Stoeger Industries; Stoeger Silah; Vursan
WIN | | Winchester | Winchester Repeating Arms; USRAC; Olin Winchester; Winchester-Western; Винчестер; Вінчестер; وينشستر; ونچسٹر
MAR | | Marlin | Marlin Firearms; Glenfield; Марлин
SAV | SAVAGE | Savage | Savage Arms; Сэвидж
ST | SAVAGE | Stevens | J. Stevens; J Stevens Arms and Tool; Savage Stevens
HR | | Harrington & Richardson | H&R; H & R; H and R; Harrington Richardson; H&R 1871; New England Firearms; NEF
IJ | | Iver Johnson | Iver Johnsons; Iver Johnson Arms & Cycle
HS | | High Standard | Hi-Standard; Hi Standard; High Standart
CAC | CHARTER | Charter Arms | Charter; Charter Arms Corp; Chartered Arms
CTR | CHARTER | Charter 2000 |
WEO | | Dan Wesson | D. Wesson; Wesson Firearms; Dan Wesson Arms
ITH | | Ithaca | Ithaca Gun; Ithaca Gun Co
THM | | Thompson Center | Thompson/Center; T/C Arms; TC Arms; Thompson Centre
AOC | | Auto-Ordnance | Auto Ordnance; Thompson Auto Ordnance; Tommy Gun; Thompson; Томпсон
AMT | | AMT | Arcadia Machine & Tool; Arcadia Machine and Tool
RAV | | Raven | Raven Arms
PHE | | Phoenix Arms | Phoenix
INC | INTRATEC | Intratec | Intratec USA; Tec-9; TEC 9; Tec9; Tec-22; Navegar
INY | INTRATEC | Interdynamic | Interdynamic KG-9; KG-9; KG9; KG-99
ING | MAC | Ingram | Ingram MAC; MAC Ingram; Ингрэм; انجرام
MIX | MAC | MAC | Military Armament Corp; Military Armament Corporation; MAC-10; MAC10; MAC-11; MAC 10; MAC 11
SWD | MAC | SWD | Cobray; Cobray Firearms; RPB; RPB Industries; S.W.D.; Leinad; M-11; M11/9; SWD Cobray
ROM | ROHM | Röhm | Rohm; Roehm; Rhoem Gesellschaft; Рём
RGI | ROHM | RG Industries | RG; Rohm RG; RG Rohm
WEI | | Weihrauch | Arminius; Hermann Weihrauch; H. Weihrauch
CBC | | CBC | Companhia Brasileira de Cartuchos; Magtech; Cia Brasileira de Cartuchos
INA | | INA | Industria Nacional de Armas; I.N.A.
- | | Boito | E.R. Amantino; ER Amantino; Amantino; IGA
- | | Daudt | Urko
WS | WEBLEY | Webley & Scott | Webley; Webley Scott; Webley and Scott; Вебли; ويبلي; ویبلے
ENF | ENFIELD | Enfield | Lee-Enfield; Lee Enfield; RSAF Enfield; Royal Small Arms Factory; SMLE; Энфилд; انفيلد; انفیلڈ; لی انفیلڈ
ISH | ENFIELD | Ishapore | Ishapur; Rifle Factory Ishapore; RFI; Indian Ordnance Factories; IOF
STL | | Sterling | Sterling SMG; Стерлинг; ستيرلنج
MAD | | Madsen | DISA Madsen; Мадсен
HUS | | Husqvarna | Husquarna; Carl Gustaf; Carl Gustav; Хускварна
SAK | SAKO | Sako | Сако; ساكو
TKK | SAKO | Tikka | Тикка; Тікка
VAM | SAKO | Valmet | Валмет
HWA | | Howa | Howa Machinery; Хова
MIR | | Miroku | B.C. Miroku; BC Miroku; Мироку
WEA | | Weatherby | Roy Weatherby; Уэзерби
MAS | FRENCH-STATE | MAS | Manufacture d'Armes de Saint-Etienne; MAS St Etienne; FAMAS; M.A.S.; Manufacture Nationale St Etienne; МАС
MAT | FRENCH-STATE | MAT | Manufacture d'Armes de Tulle; MAT-49; MAT 49; M.A.T.
UNU | | Unique | Unique Hendaye; MAPF; Manufacture d'Armes des Pyrenees; Уник
BRT | | Barrett | Barrett Firearms; Barrett .50; Барретт; Баретт; باريت
DWO | | Daewoo | S&T Daewoo; S&T Motiv; Daewoo Precision; SNT Motiv; Дэу
- | | Pindad | PT Pindad; Pindad Bandung
DMO | | Diemaco | Colt Canada; Diemaco Canada
RRA | | Rock River Arms | Rock River; RRA
ROI | ARMSCOR | Rock Island Armory | Rock Island; RIA
APR | ARMSCOR | Armscor | Armscor Precision; Arms Corporation of the Philippines; Squires Bingham; Elisco
- | | Anderson Manufacturing | Anderson; AM-15; Anderson Mfg
- | | Diamondback | Diamondback Firearms
BNA | | Bond Arms | Bond
AMJ | | American Derringer | American Derringer Corp
AAC | | AA Arms | A A Arms
- | | American Tactical | ATI; American Tactical Imports; GSG; German Sport Guns
HRT | | Heritage | Heritage Manufacturing; Heritage Mfg; Heritage Rough Rider
- | | Ekol | Voltran; Ekol Voltran; Екол; Эколь
- | | Zoraki | Atak; Atak Zoraki; Зораки
- | | Blow | Blow Turkey; Блоу
- | | Carl Walther Umarex | Umarex; Умарекс
"""

# Words that makers and clerks add to a name and leave out at will.
GENERIC = """
co company corp corporation inc incorporated ltd limited llc lp gmbh ag kg sa spa srl ad jsc ooo as sti ltda mfg mfr
manufacturing manufacturer firearms firearm arms armas armi armes industries industry ind intl and und et the и і و
"""

# Countries and peoples that clerks put after a name ("Glock Austria").
COUNTRIES = """
usa us america brasil brazil brazilian austria austrian italy italia italian germany deutschland german turkey turkiye
turkish china chinese israel israeli belgium belgique espana spain spanish russia russian ussr soviet czech romania
yugoslavia serbia croatia argentina pakistan india france french egypt poland hungary bulgaria
"""
