"""Made-up receipts and invoices of several countries, each with what must be found in it."""

from typing import NamedTuple


class Paper(NamedTuple):
    """Text as OCR gives it, and the truth."""

    name: str
    text: str
    merchant: str
    date: str
    total: str
    currency: str
    kind: str


PAPERS = [
    Paper(
        "turkish market",
        """
        YEŞİL VADİ MARKET
        GIDA TİC. LTD. ŞTİ.
        Atatürk Mah. Cumhuriyet Cad. No:12/A
        Kadıköy / İSTANBUL
        Kadıköy V.D. 1234567890
        TARİH : 02.03.2020
        SAAT : 18:45
        FİŞ NO : 0042
        EKMEK %1 *7,50
        SÜT 1LT %8 *24,90
        ZEYTİN %8 *89,00
        DETERJAN %18 *112,60
        TOPKDV *23,41
        TOPLAM *234,00
        NAKİT *250,00
        PARA ÜSTÜ *16,00
        EKÜ NO:0001 Z NO:123
        TEŞEKKÜR EDERİZ
        """,
        "YEŞİL VADİ MARKET GIDA TİC. LTD. ŞTİ",
        "2020-03-02",
        "234.00",
        "TRY",
        "receipt",
    ),
    Paper(
        "turkish restaurant, thousands, lira sign, letters for digits",
        """
        Boğaz Lokantası
        Yalı Sok. 7 Beşiktaş
        Tel: 0212 555 00 00
        BİLGİ FİŞİ
        Tarih: 15/08/2023 Saat: 21:05
        Masa: 12
        Karışık Izgara 2 x 450,00 900,00
        Mezeler 345,00
        Servis 124,50
        ARA TOPLAM 1.369,50
        KDV %10 136,95
        GENEL T0PLAM ₺1.506,45
        KREDİ KARTI 1.506,45
        """,
        "Boğaz Lokantası",
        "2023-08-15",
        "1506.45",
        "TRY",
        "receipt",
    ),
    Paper(
        "turkish e-invoice",
        """
        ÖRNEK YAZILIM A.Ş.
        Teknopark Bulvarı No: 5 Pendik İstanbul
        Vergi Dairesi: Pendik VKN: 1112223334
        e-FATURA
        SAYIN
        Deneme Ticaret Ltd. Şti.
        Fatura No: ABC2022000000017 Fatura Tarihi: 28-11-2022
        Vade Tarihi: 28-12-2022
        ETTN: 4f0d0c1e-0000-0000-0000-000000000000
        Sıra Mal Hizmet Miktar Birim Fiyat KDV Oranı Mal Hizmet Tutarı
        1 Yazılım bakım hizmeti 1 Adet 10.000,00 TL %18 10.000,00 TL
        Mal Hizmet Toplam Tutarı 10.000,00 TL
        Hesaplanan KDV(%18) 1.800,00 TL
        Vergiler Dahil Toplam Tutar 11.800,00 TL
        Ödenecek Tutar 11.800,00 TL
        """,
        "ÖRNEK YAZILIM A.Ş",
        "2022-11-28",
        "11800.00",
        "TRY",
        "invoice",
    ),
    Paper(
        "german bakery",
        """
        Bäckerei Sonnenschein
        Inh. Erika Mustermann
        Hauptstr. 12
        10115 Berlin
        2 x 0,45 Brötchen 0,90 A
        Mischbrot 3,20 A
        Kaffee groß 2,90 B
        SUMME EUR 7,00
        Gegeben BAR 10,00
        Rückgeld 3,00
        A 7,00% Netto 3,83 MwSt 0,27 Brutto 4,10
        B 19,00% Netto 2,44 MwSt 0,46 Brutto 2,90
        24.12.2021 07:31 Bon-Nr. 3345
        Steuernummer 12/345/67890
        """,
        "Bäckerei Sonnenschein",
        "2021-12-24",
        "7.00",
        "EUR",
        "receipt",
    ),
    Paper(
        "german supermarket, card",
        """
        NAHKAUF MEIER
        Bahnhofstraße 3
        80331 München
        UID Nr.: DE123456789
        EUR
        BANANEN 1,89 B
        0,952 kg x 1,99 EUR/kg
        MILCH 1,19 B
        PFAND 0,25*B
        LEERGUT -0,75 B
        HACKFLEISCH 5,49 B
        SUMME EUR 8,07
        Geg. EC-Cash EUR 8,07
        * * Kundenbeleg * *
        Datum: 05.01.2022
        Uhrzeit: 12:04:59 Uhr
        Kartenzahlung
        Betrag EUR 8,07
        """,
        "NAHKAUF MEIER",
        "2022-01-05",
        "8.07",
        "EUR",
        "receipt",
    ),
    Paper(
        "german invoice, dates of delivery and due day",
        """
        Elektro Beispiel GmbH
        Industrieweg 4 · 33602 Bielefeld
        Elektro Beispiel GmbH, Industrieweg 4, 33602 Bielefeld
        Muster AG
        Ringallee 1
        50667 Köln
        Rechnung Nr. 2021-0815
        Rechnungsdatum: 17. Mai 2021
        Lieferdatum: 03.05.2021
        Kundennummer: 4711
        Pos. Bezeichnung Menge Einzelpreis Gesamtpreis
        1 Verteilerkasten 2 249,00 € 498,00 €
        2 Montage 5 Std 65,00 € 325,00 €
        Nettobetrag 823,00 €
        zzgl. 19 % MwSt. 156,37 €
        Rechnungsbetrag 979,37 €
        Bitte überweisen Sie den Betrag bis zum 31.05.2021.
        IBAN: DE02 1203 0000 0000 2020 51 BIC: BYLADEM1001
        """,
        "Elektro Beispiel GmbH",
        "2021-05-17",
        "979.37",
        "EUR",
        "invoice",
    ),
    Paper(
        "english receipt, United Kingdom",
        """
        THE CORNER SHOP LTD
        14 High Street
        Leeds LS1 4AP
        VAT Reg No 123 4567 89
        Semi Skimmed Milk £1.15
        Tea Bags 80 £2.75
        Biscuits £1.30
        Subtotal £5.20
        Savings -£0.50
        TOTAL TO PAY £4.70
        VISA DEBIT £4.70
        03/04/2022 17:22 Till 2
        Thank you for shopping with us
        """,
        "THE CORNER SHOP LTD",
        "2022-04-03",
        "4.70",
        "GBP",
        "receipt",
    ),
    Paper(
        "english receipt, United States, month first, tip",
        """
        JOE'S DINER
        200 Main Street
        Springfield, IL 62701
        Server: Ann Table 4
        03/04/2022 1:15 PM
        Burger $12.50
        Fries $4.00
        Iced Tea $3.00
        Subtotal $19.50
        Tax $1.76
        Total $21.26
        Cash $25.00
        Change $3.74
        """,
        "JOE'S DINER",
        "2022-03-04",
        "21.26",
        "USD",
        "receipt",
    ),
    Paper(
        "english invoice",
        """
        Example Design Studio LLC
        12 Orchard Lane, Portland, OR 97201
        INVOICE
        Invoice Number: INV-1042
        Invoice Date: Sep 14, 2021
        Due Date: Oct 14, 2021
        Bill To: Sample Company Inc.
        Description Hours Rate Amount
        Logo design 12 $95.00 $1,140.00
        Revisions 3 $95.00 $285.00
        Subtotal $1,425.00
        Sales Tax (0%) $0.00
        Balance Due $1,425.00
        Payment terms: 30 days
        """,
        "Example Design Studio LLC",
        "2021-09-14",
        "1425.00",
        "USD",
        "invoice",
    ),
    Paper(
        "malaysian receipt with rounding",
        """
        SAMPLE HARDWARE ENTERPRISE
        (001122334-K)
        NO 5, JALAN MERDEKA 2,
        43000 KAJANG, SELANGOR
        TEL: 03-1234 5678
        TAX INVOICE
        Invoice No : CS-00123
        Date : 11/07/2018 10:22:33 AM
        PVC PIPE 2 X 6.50 13.00
        TAPE 1 X 2.33 2.33
        Total Sales (Excluding GST) : 15.33
        Total GST : 0.00
        Total Sales (Inclusive of GST) : 15.33
        Rounding : 0.02
        Total : RM 15.35
        CASH : 20.00
        CHANGE : 4.65
        GST SUMMARY
        SR @0% 15.33 0.00
        """,
        "SAMPLE HARDWARE ENTERPRISE",
        "2018-07-11",
        "15.35",
        "MYR",
        "receipt",
    ),
    Paper(
        "a total with a misread digit among consistent neighbours",
        """
        KEDAI BUKU CONTOH SDN BHD
        27 Jan 2019 14:02
        Notebook 4.50
        Pencil 1.50
        Eraser 3.00
        TOTAI RM 9.60
        CASH RM 10.00
        CHANGE RM 1.00
        Amount 9.00 Tax 0.00
        """,
        "KEDAI BUKU CONTOH SDN BHD",
        "2019-01-27",
        "9.00",
        "MYR",
        "receipt",
    ),
    Paper(
        "austrian petrol, total below its label, date with letters for digits",
        """
        Tankstelle Bergblick e.K.
        Passstraße 9
        6020 Innsbruck
        Rechnung Nr. 8871
        Diesel 32,51 l
        Preis/l 1,899 EUR
        zu zahlen
        EUR 61,74
        MwSt 20% 10,29
        Netto 51,45
        Maestro 61,74
        O9.1O.2022 08:15
        Gute Fahrt!
        """,
        "Tankstelle Bergblick e.K",
        "2022-10-09",
        "61.74",
        "EUR",
        "receipt",
    ),
]
