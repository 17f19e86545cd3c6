# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Calibres as C.I.P. and SAAMI name them, their NCIC codes, the families they fold to, other spellings. Data only.

A family joins the calibres under which one weapon may be recorded, by the size of the bore: it is half of the group
of a T3 token and frozen with the table version. Each line: name | NCIC code | family | other spellings. A name that
begins with `?` is a size that several cartridges share ("7.62"): it is kept as written, and its family is known.
Spellings are compared without spaces, case and the words for calibre and millimetre.
"""

CALIBRES = """
9 mm Luger | 9 | 9MM | 9; 9x19; 9x19 Parabellum; 9x19 Luger; 9x19 NATO; 9 Para; 9 mm Para; 9 mm Parabellum; 9 Parabellum; 9 Luger; 9 NATO; 9 mm NATO; 9 mil; 9 P; 9 mm P; 9 парабеллум; 9 بارابيلوم
380 Auto | 380 | 9MM | .380; 380 ACP; .380 ACP; 380 Automatic; 9 Kurz; 9 Short; 9 Corto; 9 Curto; 9 court; 9 Browning court; 9 Browning kurz; 9x17; 9x17 Kurz; 9 K
9 mm Makarov | 9 | 9MM | 9x18; 9x18 Makarov; 9 Makarov; 9x18 PM; 9x18 ПМ; 9 ПМ; 9 Mak; 9 ماكاروف
9 x 21 | 9 | 9MM | 9x21 IMI; 9x21
9 x 23 Winchester | 9 | 9MM | 9x23; 9 Largo; 9x23 Largo; 9 Bergmann-Bayard
9 mm P.A. | 9 | 9MM | 9 PA; 9 PAK; 9 P.A.K.; 9 P.A.; 9 Knall
38 Special | 38 | 38 | .38 Special; 38 Spl; .38 Spl; 38 Spec; 38 SPL+P; .38 S&W Special; 38 S&W Special; 38 SPCL; 38 Spc; 38SP
? 38 | 38 | 38 | .38; 0.38
38 Super Auto | 38 | 38 | .38 Super; 38 Super; 38 Super Automatic; .38 Super Auto
38 S&W | 38 | 38 | .38 S&W; 38 Smith & Wesson; 38/200; .38/200; .380 Rev; 38 Short
357 Magnum | 357 | 38 | .357; 357; .357 Mag; 357 Mag; 357 Remington Magnum; 357 Rem Mag
357 SIG | 357 | 38 | .357 SIG
? 22 | 22 | 22 | .22; 0.22; .22 rimfire; .22 RF
22 Long Rifle | 22 | 22 | 22 LR; .22 LR; .22 Long Rifle; 22lfb; 22 l.r.; 5.6 мм кольцевого; 5.6x15.6; 5.6x15.6R; 22 L.R. HV
22 Short | 22 | 22 | .22 Short; 22 Corto; 22 curto; 22 kurz; 22 court
22 Long | 22 | 22 | .22 Long; 22 largo; 22 longo
22 WMR | 22 | 22 | 22 Win Mag; .22 WMR; 22 Magnum; .22 Mag; 22 Mag; 22 Win. Magnum R.F.
22 Hornet | 22 | 22 | .22 Hornet; 5.6x35R
17 HMR | 17 | 17 | .17 HMR; .17; 17
? 25 | 25 | 25 | .25; 0.25
25 Auto | 25 | 25 | 25 ACP; .25 ACP; .25 Auto; 6.35; 6.35 Browning; 6.35x16; 6.35x15.5; 6.35x15
? 32 | 32 | 32 | .32; 0.32
32 Auto | 32 | 32 | 32 ACP; .32 ACP; .32 Auto; 7.65; 7.65 Browning; 7.65x17; 7.65 Br; 7.65x17SR; 7.65x17 Browning
32 S&W | 32 | 32 | .32 S&W; 32 Smith & Wesson
32 S&W Long | 32 | 32 | .32 S&W Long; 32 Long; 32 SWL; .32 Long; 32 SW Long; .32 S&WL
32 H&R Magnum | 32 | 32 | .32 H&R Magnum; 32 H&R Mag
30 Luger | 765 | 32 | 7.65 Parabellum; 7.65 Para; 7.65 Luger; .30 Luger; 7.65x21
32-20 Winchester | 3220 | 32 | .32-20; 32-20; 32-20 Win; 32 WCF
40 S&W | 40 | 40 | .40; 40; .40 S&W; 40 SW; 40SW; 40 Smith & Wesson; .40 Smith & Wesson; 10x22
10 mm Auto | 10 | 40 | 10; 10 Auto; 10x25; 10 mm; 10 mm Automatic
41 Remington Magnum | 41 | 41 | .41; .41 Mag; 41 Magnum; 41 Rem Mag
? 44 | 44 | 44 | .44; 0.44
44 Remington Magnum | 44 | 44 | .44 Mag; 44 Mag; 44 Magnum; .44 Magnum; 44 Rem Mag; .44 Rem Mag
44 S&W Special | 44 | 44 | .44 Special; 44 Special; 44 Spl; 44 S&W Spl
44-40 Winchester | 44 | 44 | .44-40; 44-40; 44-40 Win; 44/40
? 45 | 45 | 45 | .45; 0.45
45 Auto | 45 | 45 | 45 ACP; .45 ACP; .45 Auto; 45 Automatic; 11.43; 11.43x23; 11.25; 11.25x23
45 Colt | 45 | 45 | .45 Colt; 45 Long Colt; .45 LC; 45 LC; .45 Long Colt
45 G.A.P. | 45 | 45 | .45 GAP; 45 GAP
45-70 Government | 4570 | 45 | .45-70; 45-70; 45-70 Govt
455 Webley | 455 | 45 | .455; .455 Webley; 455
454 Casull | 45 | 45 | .454; .454 Casull; 454
? 50 | 50 | 50 | .50; 0.50; 0.5
50 Action Express | 50 | 50 | .50 AE; 50 AE; .50 Action Express
500 S&W Magnum | 50 | 50 | .500; .500 S&W; 500 S&W; 500 Magnum; .500 Magnum
50 Browning | 50 | 127 | .50 BMG; 50 BMG; 12.7x99; 12.7x99 NATO; 12.7 NATO; .50 Browning
12.7 x 108 | 50 | 127 | 12.7x108; 12.7; 12.7 ДШК; 12.7 DShK; 12.7 دوشكا
14.5 x 114 | | 145 | 14.5x114; 14.5; 14.5 КПВ; 14.5 KPV
223 Remington | 223 | 556 | .223; 223; 223 Rem; .223 Rem; .223 Remington; .223 Wylde
5.56 x 45 | 556 | 556 | 5.56; 5.56x45; 5.56 NATO; 5.56x45 NATO; 556; 5.56x45mm
5.45 x 39 | | 545 | 5.45; 5.45x39; 545; 5.45x39mm; 5.45 mm
5.7 x 28 | | 57 | 5.7; 5.7x28; 5.7x28 FN; 57x28; 5.7 FN
4.6 x 30 | | 46 | 4.6; 4.6x30; 4.6x30 HK
7.62 x 39 | 762 | 762 | 7.62x39; 7.62x39 Soviet; 7.62 Soviet; 7.62x39 M43; 7.62 short; 7.62x39mm; 7.62 Russian; 7.62/39; 7.62 قصير
7.62 x 51 | 762 | 762 | 7.62x51; 7.62 NATO; 7.62x51 NATO; 7.62x51mm; 7.62/51
308 Winchester | 308 | 762 | .308; 308; 308 Win; .308 Win; .308 Winchester
7.62 x 54 R | 762 | 762 | 7.62x54; 7.62x54R; 7.62x53R; 7.62x54 R; 7.62x54mmR; 7.62x53; 7.62/54
? 7.62 | 762 | 762 | 7.62; 762; 7.62 mm
7.62 x 25 Tokarev | 763 | 762 | 7.62x25; 7.62 Tokarev; 7.62 TT; 7.62x25 TT; 7.62 ТТ; 7.62 Tok; 30 Tokarev; .30 Tokarev; 7.62x25 ТТ; 30 bore; .30 bore; 30بور; 30 بور
7.63 Mauser | 763 | 762 | 7.63; .30 Mauser; 7.63x25; 30 Mauser
7.62 Nagant | 762 | 762 | 7.62x38; 7.62x38R; 7.62x38 Nagant; 7.62 Наган
? 30 | 30 | 30 | .30; 0.30
30 Carbine | 30 | 30 | .30 Carbine; 30 M1; .30 M1; 30 M1 Carbine; 7.62x33; .30 M1 Carbine
30-06 Springfield | 3006 | 30 | .30-06; 30-06; 3006; 7.62x63; 30.06; .30-06 Sprg; 30-06 Sprg; 30-06 Spring; 30/06; .30/06
30-30 Winchester | 30 | 30 | .30-30; 30-30; 30-30 Win; 3030; 30/30; .30/30; 30 WCF
300 Winchester Magnum | 300 | 30 | .300 Win Mag; 300 Win Mag; 300 WM; .300; .300 WinMag; 300
300 AAC Blackout | 300 | 30 | .300 Blackout; 300 BLK; .300 BLK; 300 AAC; 300 Blackout; .300 AAC
303 British | 303 | 303 | .303; 303; .303 British; 7.7x56R; 7.7x56; 303 Brit
8 x 57 I.S. | 8 | 8 | 8; 8x57; 8x57 JS; 8x57 IS; 8 Mauser; 8 mm Mauser; 7.92; 7.92x57; 7.92 Mauser; 8x57J
7.92 x 33 Kurz | 8 | 8 | 7.92x33; 8x33; 7.92 Kurz
8 mm Lebel | 8 | 8 | 8 Lebel; 8x50R; 8x51R
7 x 57 | 7 | 7 | 7; 7x57; 7 Mauser; 7x57 Mauser; 7 mm Mauser
7 mm Remington Magnum | 7 | 7 | 7 Rem Mag; 7 mm Rem Mag; 7 RM; 7 mm Mag
7.5 x 54 MAS | 75 | 75 | 7.5; 7.5x54; 7.5 MAS; 7.5 French; 7.5x54 French
7.5 x 55 Swiss | 75 | 75 | 7.5x55; 7.5 Swiss; GP11
7.35 Carcano | 735 | 735 | 7.35; 7.35x51
6.5 x 52 Carcano | 65 | 65 | 6.5; 6.5x52; 6.5 Carcano
6.5 x 55 SE | 65 | 65 | 6.5x55; 6.5 Swedish; 6.5x55 SE; 6.5x55 SM
6.5 Creedmoor | 65 | 65 | 6.5 CM; 6.5x49
6.8 mm Remington SPC | | 68 | 6.8 SPC; 6.8; 6.8x43
243 Winchester | 243 | 6 | .243; 243; .243 Win; 243 Win
25-06 Remington | 25 | 25R | .25-06; 25-06
270 Winchester | 270 | 270 | .270; 270; .270 Win; 270 Win
280 Remington | 280 | 7 | .280; 280
338 Lapua Magnum | 338 | 338 | .338; 338; .338 Lapua; 338 LM; 8.6x70; .338 LM
35 Remington | 35 | 35 | .35; .35 Rem; 35
375 H&H Magnum | 375 | 375 | .375; 375; .375 H&H
44 Colt | 44 | 44 | .44 Colt
460 S&W Magnum | | 45 | .460; .460 S&W
9 x 39 | 9 | 9X39 | 9x39; 9x39 СП-5; 9x39 SP-5
12 gauge | 12 | 12GA | 12; 12 ga; 12 g; 12/70; 12/76; 12/65; 12 bore; 12x70; 12x76; 12 cal; 12 kaliber; 12 calibre; cal 12; calibre 12; 12 к; 12 bor; 12-gauge; 12 guage; 18.5; بور 12; 12 بور; عيار 12
16 gauge | | 16GA | 16 ga; 16/70; 16 bore; 16x70; cal 16; 16; 16 calibre; calibre 16; 16 بور
20 gauge | | 20GA | 20 ga; 20/70; 20/76; 20 bore; 20x70; cal 20; 20 calibre; calibre 20; 20
28 gauge | | 28GA | 28 ga; 28/70; 28 bore; 28; cal 28
24 gauge | | 24GA | 24 ga; 24; cal 24
32 gauge | | 32GA | 32 ga; 32 bore; 32/70
36 gauge | | 410 | 36 ga; 36; cal 36
410 bore | 41 | 410 | .410; 410; 410 ga; 410 gauge; .410 bore; .410 gauge; 410/76; .410/76
10 gauge | 10 | 10GA | 10 ga; 10/89; 10 bore
40 x 46 | 9999 | 40MM | 40x46; 40 mm; 40x46SR; 40 mm grenade; 40 мм
40 x 53 | 9999 | 40MM | 40x53
30 x 29 VOG | 9999 | 30MM | 30x29; ВОГ-17; 30 mm; 30 мм
VOG-25 | 9999 | 40MM | VOG-25; ВОГ-25; 40 ВОГ
40 mm PG-7 | | 40PG | RPG-7; PG-7; ПГ-7; 85 mm PG-7; 40 PG
60 mm mortar | | 60M | 60 mm; 60; 60 мм; 60 هاون
81 mm mortar | | 81M | 81 mm; 81
82 mm mortar | | 82M | 82 mm; 82; 82 мм; 82 هاون
120 mm mortar | | 120M | 120 mm; 120; 120 мм; 120 هاون
20 x 102 | | 20MM | 20 mm; 20x102; 20x110; 20 мм
23 x 152 B | | 23MM | 23 mm; 23x152; 23; 23 мм; ЗУ-23
84 mm | | 84MM | 84; 84 mm; Carl Gustaf 84
4.5 mm | 177 | 177 | .177; 177; 4.5; 4.5 mm BB; 4.5 мм; 4.5 diabolo
8 mm blank | 8 | 8K | 8 mm Knall; 8 Knall; 8 K; 8 PAK
"""
