page-title = { $printer } – Papermesh
away = Der Rechner des Druckers antwortet nicht. Diese Seite kommt von selbst wieder.
menu = Sprache und Farben
menu-language = Sprache
menu-look = Farben
look-auto = Automatisch
look-light = Hell
look-dark = Dunkel
look-contrast = Hoher Kontrast

welcome = Drucken Sie Ihre Dokumente
welcome-tap = Halten Sie Ihren Ausweis an
welcome-lead = Ihre Dokumente warten versiegelt, bis Sie hier sind.
welcome-type = Mit Benutzerkennung und PIN
device-ready = Drucker bereit
device-busy = Druckt gerade
device-stopped = Der Drucker braucht Hilfe
device-silent = Der Drucker antwortet nicht; vielleicht wacht er gerade auf
device-changed = Der Drucker weist sich anders aus als bisher. Ihre Aufträge bleiben sicher; bitte sagen Sie es Ihrer Verwaltung.
keys = Tasten auf dem Bildschirm
keys-capitals = Großbuchstaben
keys-signs = Zeichen
keys-space = Leerzeichen
erase = Löschen
back = Zurück

typing-title = Wer sind Sie?
typing-pin-title = Ihre PIN, bitte
typing-badge = Ihr Ausweis wurde gelesen.
typing-user = Benutzerkennung
typing-pin = PIN oder Passwort
typing-go = Meine Aufträge zeigen
typing-wait = Einen Moment …

notice-timed-out = Sie wurden abgemeldet, weil niemand den Bildschirm berührt hat.
notice-logged-out = Sie sind abgemeldet.
notice-still = { $count ->
    [one] Sie sind abgemeldet. Ein Dokument wird noch gedruckt.
   *[other] Sie sind abgemeldet. { $count } Dokumente werden noch gedruckt.
}
notice-unknown-badge = Dieser Ausweis ist niemandem zugeordnet. Melden Sie sich mit Benutzerkennung und PIN an und bitten Sie Ihre Verwaltung, ihn einzutragen.
notice-new-badge = Dieser Ausweis gehört noch niemandem. Melden Sie sich einmal mit Benutzerkennung und PIN an, dann können Sie ihn als Ihren eintragen.
notice-random-badge = Solche Karten und Telefone zeigen jedes Mal eine andere Nummer und können niemandem zugeordnet werden. Bitte melden Sie sich mit Benutzerkennung und PIN an.
notice-unread-badge = Der Ausweis wurde nicht gut gelesen. Bitte noch einmal anhalten.
notice-no-badges = Hier gelten keine Ausweise. Bitte geben Sie Benutzerkennung und PIN ein.
notice-refused = Nicht angemeldet. PIN oder Benutzerkennung stimmen nicht, oder keiner Ihrer Rechner ist eingeschaltet. Bitte noch einmal versuchen.
notice-wait-seconds = { $count ->
    [one] Zu viele Versuche. Wieder möglich in einer Sekunde.
   *[other] Zu viele Versuche. Wieder möglich in { $count } Sekunden.
}
notice-wait-minutes = { $count ->
    [one] Gesperrt nach zu vielen Versuchen. Wieder möglich in einer Minute.
   *[other] Gesperrt nach zu vielen Versuchen. Wieder möglich in { $count } Minuten.
}
notice-no-user = Das ist keine Benutzerkennung. Sie hat Buchstaben, Ziffern, Punkte und Striche.
notice-no-pin = Bitte geben Sie Ihre PIN ein.

phone-use = Mit dem Handy
phone-use-lead = Den Code mit der Kamera lesen: Das Handy wird Tastatur und Liste.
phone-code = Code für die Kamera eines Handys
phone-move = Auf mein Handy
phone-move-title = Am Handy weitermachen
phone-move-lead = Lesen Sie diesen Code mit der Kamera Ihres Handys. Ihre Liste zieht dorthin um, und dieser Bildschirm zeigt nichts davon.
phone-knock = Ein Handy möchte hier benutzt werden
phone-knock-lead = Berühren Sie die Zahl, die Ihr Handy zeigt.
phone-knock-no = Das bin ich nicht
phone-lent = Hier wird ein Handy benutzt
phone-lent-lead = Geben Sie Benutzerkennung und PIN am Handy ein.
phone-lent-user = { $user } benutzt hier ein Handy
phone-lent-user-lead = Die Dokumente stehen nur auf dem Handy.
phone-lent-end = Beenden
phone-away = Das Handy hat seinen Bildschirm aus oder keine Verbindung. Einen Moment lang wird darauf gewartet.
phone-scan = Lesen Sie den Code am Drucker
phone-scan-lead = Gehen Sie zum Drucker und richten Sie die Kamera dieses Handys auf den Code an seinem Bildschirm.
phone-number = Berühren Sie diese Zahl am Drucker
phone-number-lead = Dann ist dieses Handy Tastatur und Liste.
notice-code-over = Dieser Code ist verbraucht oder zu alt. Bitte lesen Sie den, der jetzt am Drucker steht.
notice-not-let-in = Dieses Handy wurde nicht zugelassen. Bitte lesen Sie den Code noch einmal.
notice-phone-refused = Das Handy wurde nicht zugelassen.

badge-ask-title = Diesen Ausweis als Ihren eintragen?
badge-ask-text = Er wurde vor Ihrer Anmeldung an den Leser gehalten und gehört noch niemandem. Nächstes Mal halten Sie ihn an, statt Ihre Benutzerkennung zu tippen.
badge-ask-yes = Eintragen
badge-ask-no = Jetzt nicht
badge-asking = Der Ausweis wird eingetragen …
badge-bound = Der Ausweis ist Ihrer. Nächstes Mal halten Sie ihn an, statt Ihre Benutzerkennung zu tippen.
badge-taken = Dieser Ausweis gehört jemand anderem. Bitte fragen Sie Ihre Verwaltung.
badge-too-many = Mehr Ausweise als Ihre kann man nicht haben. Bitten Sie Ihre Verwaltung, einen zurückzunehmen.
badge-no-admin = Der Ausweis ist nicht eingetragen: Kein Computer der Verwaltung ist erreichbar. Bitte versuchen Sie es später noch einmal oder fragen Sie Ihre Verwaltung.
badge-not = Der Ausweis kann hier nicht eingetragen werden. Bitte fragen Sie Ihre Verwaltung.

clock = bis zur Abmeldung
clock-soon = Sie werden gleich abgemeldet.
stay = Bleiben
leave = Abmelden
bar = Was mit den gewählten Aufträgen geschehen soll

jobs-title = Ihre Aufträge
jobs-count = { $count ->
    [one] 1 Auftrag
   *[other] { $count } Aufträge
}
jobs-all = Alle wählen
jobs-none = Es warten keine Dokumente auf Sie.
jobs-coming = Ihre Dokumente werden gesucht
jobs-more = { $count ->
    [one] Einen weiteren zeigen
   *[other] Weitere zeigen ({ $count })
}
a-computer = einem Rechner
holder-asleep = Aufträge auf { $name } sind gerade nicht erreichbar. Ist er ausgeschaltet oder im Ruhezustand? Zuletzt gesehen
holder-other-pin = { $name } verlangt eine andere PIN als die eingegebene. Zuletzt gesehen
holder-failed = Aufträge auf { $name } können gerade nicht gezeigt werden. Zuletzt gesehen
holder-asking = { $name } wird gefragt
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

print = Drucken
print-and-keep = Drucken und behalten
options = Optionen
protect = Schützen
delete = Löschen
cancel = Abbrechen
done = Fertig
dismiss = Ausblenden
options-title = Wie soll gedruckt werden?
options-hint = Gilt für die gewählten Aufträge. Was Sie nicht ändern, bleibt wie gesendet.
options-copies = Exemplare
options-sides = Seiten des Blatts
options-color = Farbe
options-scaling = Größe auf dem Papier
options-image = Wirre oder leere Seiten?
options-pages = Seiten
options-pages-all = Alle, oder zum Beispiel 1-3, 7
as-is = Wie gesendet
as-is-short = –
as-before = Alles wie gesendet
fewer = Weniger
more-copies = Mehr
sure-title = Die gewählten Aufträge löschen?
sure-text = Sie werden endgültig gelöscht, ohne gedruckt zu werden.
sure-yes = Löschen
sure-no = Behalten

again-title = Manches davon ist vielleicht schon auf Papier
again-text = Ein früherer Versuch brach ab, und niemand weiß, wie weit er kam. Bitte sehen Sie im Ausgabefach nach.
again-print = Noch einmal drucken
again-delete = Es ist da, löschen
job-pin-title = Dieser Auftrag hat eine eigene PIN
job-pin-text = Wer ihn gesendet hat, hat für ihn allein eine PIN gewählt.
job-pin = PIN des Auftrags
document-password-title = Dieses Dokument ist verschlossen
document-password-text = Wer es erstellt hat, hat ihm ein Kennwort gegeben. Es gilt nur für diesen Druck und wird nirgends behalten.
document-password = Kennwort des Dokuments
remark-nothing = Wählen Sie zuerst einen Auftrag.
remark-copies = Möglich sind 1 bis 999 Exemplare.
remark-pages = Seiten schreibt man wie 1-3, 7.
remark-too-much = Das war etwas schnell. Bitte noch einmal.
remark-gone = Diesen Auftrag gibt es nicht mehr.
failure = Das ging nicht:

progress = Fortschritt
print-in-line = Als Nächstes dran
print-queued = Ein anderes Dokument ist am Drucker. Ihres kommt danach.
print-sending = Auf dem Weg zum Drucker
print-printing = Wird gedruckt
print-page = Seite { $page } wird gedruckt
print-page-of = Seite { $page } von { $pages } wird gedruckt
print-stopped = Der Drucker steht
print-canceling = Wird vom Drucker zurückgenommen
ended-printed = Gedruckt
ended-kept = Gedruckt und für später behalten
ended-not = Nicht gedruckt. Der Auftrag ist noch hier.
ended-maybe = Vielleicht gedruckt
maybe-what = Bitte sehen Sie im Ausgabefach nach: Ist alles da?

reason-media-jam = Papierstau
reason-media-empty = Kein Papier mehr
reason-media-needed = Anderes Papier wird gebraucht
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
reason-offline = Der Drucker ist nicht verbunden
reason-timed-out = Der Drucker antwortet nicht
reason-paused = Der Drucker ist angehalten
