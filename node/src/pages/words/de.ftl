page-title = { $printer } – Papermesh
away = Der Computer des Druckers antwortet nicht. Diese Seite meldet sich von selbst zurück.
menu = Sprache und Farben
menu-language = Sprache
menu-look = Farben
look-auto = Automatisch
look-light = Hell
look-dark = Dunkel
look-contrast = Hoher Kontrast

welcome = Drucken Sie Ihre Dokumente
welcome-tap = Halten Sie Ihren Ausweis an
welcome-lead = Ihre Dokumente bleiben versiegelt, bis Sie sie hier abrufen.
welcome-type = Mit Benutzerkennung und PIN
device-ready = Drucker bereit
device-busy = Druckt gerade
device-stopped = Drucker braucht Aufmerksamkeit
device-silent = Drucker antwortet nicht. Vielleicht wacht er gerade auf.
device-changed = Das Zertifikat dieses Druckers hat sich geändert. Ihre Aufträge sind sicher; bitte melden Sie es Ihrer Verwaltung.
keys = Bildschirmtastatur
keys-capitals = Großbuchstaben
keys-signs = Sonderzeichen
keys-space = Leerzeichen
erase = Löschen
back = Zurück

typing-title = Wer sind Sie?
typing-pin-title = PIN eingeben
typing-badge = Ausweis gelesen.
typing-user = Benutzerkennung
typing-pin = PIN oder Passwort
typing-go = Meine Aufträge zeigen
typing-wait = Einen Moment …

notice-timed-out = Sie wurden wegen Inaktivität abgemeldet.
notice-logged-out = Sie sind abgemeldet.
notice-still = { $count ->
    [one] Sie sind abgemeldet. Ein Dokument wird noch gedruckt.
   *[other] Sie sind abgemeldet. { $count } Dokumente werden noch gedruckt.
}
notice-unknown-badge = Dieser Ausweis ist nicht registriert. Melden Sie sich mit Benutzerkennung und PIN an und bitten Sie Ihre Verwaltung, ihn zu registrieren.
notice-new-badge = Dieser Ausweis ist noch nicht registriert. Melden Sie sich einmal mit Benutzerkennung und PIN an, dann können Sie ihn für sich registrieren.
notice-random-badge = Solche Karten und Handys zeigen jedes Mal eine andere Nummer und lassen sich nicht registrieren. Bitte melden Sie sich mit Benutzerkennung und PIN an.
notice-unread-badge = Der Ausweis konnte nicht gelesen werden. Bitte noch einmal anhalten.
notice-no-badges = Hier werden keine Ausweise verwendet. Bitte geben Sie Benutzerkennung und PIN ein.
notice-refused = Nicht angemeldet. PIN oder Benutzerkennung ist falsch, oder keiner Ihrer Computer ist eingeschaltet. Bitte noch einmal versuchen.
notice-wait-seconds = { $count ->
    [one] Zu viele Versuche. Wieder möglich in einer Sekunde.
   *[other] Zu viele Versuche. Wieder möglich in { $count } Sekunden.
}
notice-wait-minutes = { $count ->
    [one] Gesperrt nach zu vielen Versuchen. Wieder möglich in einer Minute.
   *[other] Gesperrt nach zu vielen Versuchen. Wieder möglich in { $count } Minuten.
}
notice-no-user = Das ist keine Benutzerkennung. Sie besteht aus Buchstaben, Ziffern, Punkten und Strichen.
notice-no-pin = Bitte geben Sie Ihre PIN ein.

phone-use = Handy benutzen
phone-use-lead = Code mit der Kamera scannen: Das Handy wird Tastatur und Liste.
phone-code = Code zum Scannen mit der Handykamera
phone-move = Auf mein Handy
phone-move-title = Auf dem Handy fortfahren
phone-move-lead = Scannen Sie diesen Code mit der Kamera Ihres Handys. Ihre Liste wechselt aufs Handy und verschwindet von diesem Bildschirm.
phone-knock = Dieses Handy verbinden?
phone-knock-lead = Tippen Sie auf die Zahl, die Ihr Handy zeigt.
phone-knock-no = Das bin ich nicht
phone-lent = Weiter auf Ihrem Handy
phone-lent-lead = Geben Sie Benutzerkennung und PIN auf dem Handy ein.
phone-lent-user = { $user } benutzt ein Handy
phone-lent-user-lead = Die Dokumente werden nur auf dem Handy gezeigt.
phone-lent-end = Beenden
phone-away = Der Bildschirm des Handys ist aus, oder die Verbindung ist weg. Warten, bis es wieder da ist …
phone-scan = Scannen Sie den Code am Drucker
phone-scan-lead = Gehen Sie zum Drucker und richten Sie die Kamera dieses Handys auf den Code auf seinem Bildschirm.
phone-number = Tippen Sie am Drucker auf diese Zahl
phone-number-lead = Danach ist dieses Handy Ihre Tastatur und Liste.
notice-code-over = Dieser Code wurde schon benutzt oder ist abgelaufen. Bitte scannen Sie den, der jetzt am Drucker steht.
notice-not-let-in = Dieses Handy wurde nicht verbunden. Bitte scannen Sie den Code noch einmal.
notice-phone-refused = Das Handy wurde nicht verbunden.

badge-ask-title = Diesen Ausweis für Sie registrieren?
badge-ask-text = Er wurde vor Ihrer Anmeldung angehalten und ist noch nicht registriert. Nächstes Mal halten Sie ihn an, statt Ihre Benutzerkennung einzugeben.
badge-ask-yes = Registrieren
badge-ask-no = Jetzt nicht
badge-asking = Der Ausweis wird registriert …
badge-bound = Der Ausweis gehört jetzt Ihnen. Nächstes Mal halten Sie ihn an, statt Ihre Benutzerkennung einzugeben.
badge-taken = Dieser Ausweis gehört jemand anderem. Bitte fragen Sie Ihre Verwaltung.
badge-too-many = Sie haben schon die Höchstzahl an Ausweisen. Bitten Sie Ihre Verwaltung, einen zu entfernen.
badge-no-admin = Der Ausweis wurde nicht registriert: Kein Computer der Verwaltung ist erreichbar. Bitte versuchen Sie es später noch einmal oder fragen Sie Ihre Verwaltung.
badge-not = Der Ausweis kann hier nicht registriert werden. Bitte fragen Sie Ihre Verwaltung.

clock = bis zur Abmeldung
clock-soon = Sie werden gleich abgemeldet.
stay = Bleiben
leave = Abmelden
bar = Aktionen für die ausgewählten Aufträge

jobs-title = Ihre Aufträge
jobs-count = { $count ->
    [one] 1 Auftrag
   *[other] { $count } Aufträge
}
jobs-all = Alle auswählen
jobs-none = Es warten keine Dokumente auf Sie.
jobs-coming = Ihre Dokumente werden gesucht …
jobs-more = { $count ->
    [one] Einen weiteren zeigen
   *[other] Weitere zeigen ({ $count })
}
a-computer = einem Computer
holder-asleep = Aufträge auf { $name } sind gerade nicht erreichbar. Ist er ausgeschaltet oder im Ruhezustand? Zuletzt gesehen
holder-other-pin = { $name } braucht eine andere PIN. Zuletzt gesehen
holder-failed = Aufträge auf { $name } können gerade nicht aufgelistet werden. Zuletzt gesehen
holder-asking = { $name } wird kontaktiert
first-page = Erste Seite
until = aufgehoben bis
chip-maybe = Vielleicht gedruckt
chip-leased = An einem anderen Drucker
chip-pin = Hat eine eigene PIN
chip-locked = Braucht ein Kennwort
chip-protected = Geschützt
chip-soon = Läuft bald ab
age-now = gerade eben
age-minutes = { $count ->
    [one] vor 1 Minute
   *[other] vor { $count } Minuten
}
age-hours = { $count ->
    [one] vor 1 Stunde
   *[other] vor { $count } Stunden
}
age-days = { $count ->
    [one] vor 1 Tag
   *[other] vor { $count } Tagen
}
pages-count = { $count ->
    [one] 1 Seite
   *[other] { $count } Seiten
}
pages-only = nur Seiten { $pages }
copies-count = { $count ->
    [one] 1 Exemplar
   *[other] { $count } Exemplare
}
sides-one = Einseitig
sides-long = Beidseitig
sides-short = Beidseitig, kurze Kante
color-color = Farbe
color-mono = Schwarz-weiß
scaling-fit = In die Seite einpassen
scaling-fill = Seite füllen
scaling-none = Originalgröße
as-image = Als Bild drucken
finishing-none = Nein
staple = Heftklammer
staple-dual = 2 Heftklammern
staple-triple = 3 Heftklammern
edge-stitch = Rückenheftung
saddle-stitch = Sattelheftung
punch = Lochung
punch-dual = 2 Löcher
punch-triple = 3 Löcher
punch-quad = 4 Löcher
punch-multiple = Viele Löcher
fold = Falz
fold-half = In der Mitte gefalzt
fold-letter = Wickelfalz
fold-z = Z-Falz
fold-other = Falz ({ $name })
finishing-at = { $what }, { $place }
at-top-left = oben links
at-bottom-left = unten links
at-top-right = oben rechts
at-bottom-right = unten rechts
at-left = links
at-top = oben
at-right = rechts
at-bottom = unten

print = Drucken
print-and-keep = Drucken und behalten
options = Optionen
protect = Schützen
delete = Löschen
cancel = Abbrechen
done = Fertig
dismiss = Ausblenden
options-title = Wie soll gedruckt werden?
options-hint = Gilt für die ausgewählten Aufträge. Was Sie nicht ändern, wird wie gesendet gedruckt.
options-copies = Exemplare
options-sides = Seiten des Blatts
options-color = Farbe
options-scaling = Größe auf dem Papier
options-staple = Heften
options-punch = Lochen
options-fold = Falzen
options-image = Zeichensalat oder leere Seiten?
options-pages = Seiten
options-pages-all = Alle, oder zum Beispiel 1-3, 7
as-is = Wie gesendet
as-is-short = –
as-before = Alles wie gesendet
fewer = Weniger
more-copies = Mehr
sure-title = Die ausgewählten Aufträge löschen?
sure-text = Sie werden endgültig gelöscht, ohne gedruckt zu werden.
sure-yes = Löschen
sure-no = Behalten

again-title = Einiges davon ist vielleicht schon gedruckt
again-text = Ein früherer Versuch wurde unterbrochen, und es ist unbekannt, wie weit er kam. Bitte sehen Sie im Ausgabefach nach.
again-print = Noch einmal drucken
again-delete = Es ist da, löschen
job-pin-title = Dieser Auftrag hat eine eigene PIN
job-pin-text = Der Absender hat eine PIN nur für diesen Auftrag gewählt.
job-pin = PIN des Auftrags
document-password-title = Dieses Dokument ist gesperrt
document-password-text = Sein Autor hat ein Kennwort gesetzt. Es wird nur für diesen Druck verwendet und nicht gespeichert.
document-password = Kennwort des Dokuments
remark-nothing = Wählen Sie zuerst einen Auftrag.
remark-copies = Wählen Sie 1 bis 999 Exemplare.
remark-pages = Geben Sie Seiten so ein: 1-3, 7.
remark-too-much = Das war etwas schnell. Bitte noch einmal.
remark-gone = Diesen Auftrag gibt es nicht mehr.
failure = Das hat nicht geklappt:

progress = Fortschritt
print-in-line = Als Nächstes dran
print-queued = Ein anderes Dokument wird gedruckt. Ihres kommt danach.
print-sending = Auf dem Weg zum Drucker
print-printing = Wird gedruckt
print-page = Seite { $page } wird gedruckt
print-page-of = Seite { $page } von { $pages } wird gedruckt
print-stopped = Drucker hat angehalten
print-canceling = Wird am Drucker abgebrochen
ended-printed = Gedruckt
ended-kept = Gedruckt und fürs nächste Mal behalten
ended-not = Nicht gedruckt. Der Auftrag ist noch hier.
ended-maybe = Vielleicht gedruckt
maybe-what = Bitte sehen Sie im Ausgabefach nach: Ist alles da?

reason-media-jam = Papierstau
reason-media-empty = Kein Papier mehr
reason-media-needed = Anderes Papier wird benötigt
reason-media-low = Das Papier geht zur Neige
reason-toner-empty = Kein Toner mehr
reason-toner-low = Der Toner geht zur Neige
reason-marker-supply-empty = Keine Tinte oder kein Toner mehr
reason-marker-supply-low = Tinte oder Toner geht zur Neige
reason-marker-waste-full = Der Abfallbehälter ist voll
reason-cover-open = Eine Abdeckung ist offen
reason-door-open = Eine Klappe ist offen
reason-interlock-open = Eine Klappe ist nicht ganz geschlossen
reason-output-area-full = Das Ausgabefach ist voll
reason-input-tray-missing = Ein Papierfach fehlt
reason-offline = Der Drucker ist offline
reason-timed-out = Der Drucker antwortet nicht
reason-paused = Der Drucker ist angehalten
