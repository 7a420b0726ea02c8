page-title = { $printer } – Papermesh
away = L’ordinateur de l’imprimante ne répond pas. Cette page se rétablira d’elle-même.
menu = Langue et couleurs
menu-language = Langue
menu-look = Couleurs
look-auto = Automatique
look-light = Clair
look-dark = Sombre
look-contrast = Contraste élevé

welcome = Imprimez vos documents
welcome-tap = Présentez votre badge
welcome-lead = Vos documents restent scellés jusqu’à ce que vous les libériez ici.
welcome-type = Identifiant et code PIN
device-ready = Imprimante prête
device-busy = Impression en cours
device-stopped = L’imprimante demande votre attention
device-silent = L’imprimante ne répond pas. Elle sort peut-être de veille.
device-changed = Le certificat de cette imprimante a changé. Vos documents sont en sécurité ; prévenez votre administrateur.
keys = Clavier à l’écran
keys-capitals = Majuscules
keys-signs = Symboles
keys-space = Espace
erase = Effacer
back = Retour

typing-title = Qui êtes-vous ?
typing-pin-title = Saisissez votre code PIN
typing-badge = Badge lu.
typing-user = Identifiant
typing-pin = Code PIN ou mot de passe
typing-go = Voir mes documents
typing-wait = Un instant…

notice-timed-out = Vous avez été déconnecté pour inactivité.
notice-logged-out = Vous êtes déconnecté.
notice-still = { $count ->
    [one] Vous êtes déconnecté. Un document s’imprime encore.
   *[other] Vous êtes déconnecté. { $count } documents s’impriment encore.
}
notice-unknown-badge = Ce badge n’est pas enregistré. Connectez-vous avec votre identifiant et votre code PIN, et demandez à votre administrateur de l’enregistrer.
notice-new-badge = Ce badge n’est pas encore enregistré. Connectez-vous une fois avec votre identifiant et votre code PIN, et vous pourrez l’enregistrer à votre nom.
notice-random-badge = Ce type de carte ou de téléphone affiche chaque fois un numéro différent et ne peut pas être enregistré. Connectez-vous avec votre identifiant et votre code PIN.
notice-unread-badge = Impossible de lire le badge. Présentez-le à nouveau.
notice-no-badges = Ce site n’utilise pas de badges. Saisissez votre identifiant et votre code PIN.
notice-refused = Connexion refusée. Le code PIN ou l’identifiant est faux, ou aucun de vos ordinateurs n’est allumé. Réessayez.
notice-wait-seconds = { $count ->
    [one] Trop de tentatives. Réessayez dans une seconde.
   *[other] Trop de tentatives. Réessayez dans { $count } secondes.
}
notice-wait-minutes = { $count ->
    [one] Bloqué après trop de tentatives. Réessayez dans une minute.
   *[other] Bloqué après trop de tentatives. Réessayez dans { $count } minutes.
}
notice-no-user = Ce n’est pas un identifiant. Un identifiant se compose de lettres, chiffres, points et tirets.
notice-no-pin = Saisissez votre code PIN.

phone-use = Utiliser votre téléphone
phone-use-lead = Scannez le code avec l’appareil photo : le téléphone devient clavier et liste.
phone-code = Code à scanner avec l’appareil photo d’un téléphone
phone-move = Sur mon téléphone
phone-move-title = Continuer sur votre téléphone
phone-move-lead = Scannez ce code avec l’appareil photo de votre téléphone. Votre liste passe sur le téléphone et disparaît de cet écran.
phone-knock = Connecter ce téléphone ?
phone-knock-lead = Touchez le nombre affiché sur votre téléphone.
phone-knock-no = Ce n’est pas moi
phone-lent = Continuez sur votre téléphone
phone-lent-lead = Saisissez votre identifiant et votre code PIN sur le téléphone.
phone-lent-user = { $user } utilise un téléphone
phone-lent-user-lead = Les documents ne sont affichés que sur le téléphone.
phone-lent-end = Terminer
phone-away = L’écran du téléphone est éteint, ou la connexion est perdue. En attente de son retour…
phone-scan = Scannez le code de l’imprimante
phone-scan-lead = Allez à l’imprimante et pointez l’appareil photo de ce téléphone vers le code affiché à l’écran.
phone-number = Touchez ce nombre sur l’imprimante
phone-number-lead = Ce téléphone devient alors votre clavier et votre liste.
notice-code-over = Ce code a déjà servi ou a expiré. Scannez celui que l’imprimante affiche maintenant.
notice-not-let-in = Ce téléphone n’a pas été connecté. Scannez à nouveau le code.
notice-phone-refused = Le téléphone n’a pas été connecté.

badge-ask-title = Enregistrer ce badge à votre nom ?
badge-ask-text = Il a été présenté avant votre connexion et n’est pas encore enregistré. La prochaine fois, présentez-le au lieu de saisir votre identifiant.
badge-ask-yes = Enregistrer
badge-ask-no = Pas maintenant
badge-asking = Enregistrement du badge…
badge-bound = Le badge est à vous. La prochaine fois, présentez-le au lieu de saisir votre identifiant.
badge-taken = Ce badge appartient à quelqu’un d’autre. Adressez-vous à votre administrateur.
badge-too-many = Vous avez déjà le nombre maximal de badges. Demandez à votre administrateur d’en retirer un.
badge-no-admin = Le badge n’a pas été enregistré : aucun ordinateur d’administrateur n’est joignable. Réessayez plus tard, ou adressez-vous à votre administrateur.
badge-not = Le badge ne peut pas être enregistré ici. Adressez-vous à votre administrateur.

clock = avant déconnexion
clock-soon = Vous allez bientôt être déconnecté.
stay = Rester
leave = Se déconnecter
bar = Actions pour les documents sélectionnés

jobs-title = Vos documents
jobs-count = { $count ->
    [one] 1 document
   *[other] { $count } documents
}
jobs-all = Tout sélectionner
jobs-none = Aucun document en attente.
jobs-coming = Recherche de vos documents…
jobs-more = { $count ->
    [one] En montrer un de plus
   *[other] En montrer plus ({ $count })
}
a-computer = un ordinateur
holder-asleep = Les documents de { $name } ne sont pas accessibles pour l’instant. Est-il éteint ou en veille ? Vu pour la dernière fois
holder-other-pin = { $name } demande un autre code PIN. Vu pour la dernière fois
holder-failed = Les documents de { $name } ne peuvent pas être listés pour l’instant. Vu pour la dernière fois
holder-asking = Connexion à { $name }
first-page = Première page
until = conservé jusqu’à
chip-maybe = Peut-être imprimé
chip-leased = Sur une autre imprimante
chip-pin = A son propre code PIN
chip-locked = Demande un mot de passe
chip-protected = Protégé
chip-soon = Expire bientôt
age-now = à l’instant
age-minutes = { $count ->
    [one] il y a 1 minute
   *[other] il y a { $count } minutes
}
age-hours = { $count ->
    [one] il y a 1 heure
   *[other] il y a { $count } heures
}
age-days = { $count ->
    [one] il y a 1 jour
   *[other] il y a { $count } jours
}
pages-count = { $count ->
    [one] 1 page
   *[other] { $count } pages
}
pages-only = pages { $pages } seulement
copies-count = { $count ->
    [one] 1 exemplaire
   *[other] { $count } exemplaires
}
sides-one = Recto
sides-long = Recto verso
sides-short = Recto verso, bord court
color-color = Couleur
color-mono = Noir et blanc
scaling-fit = Ajuster à la page
scaling-fill = Remplir la page
scaling-none = Taille réelle
as-image = Imprimer comme image
finishing-none = Non
staple = Agrafe
staple-dual = 2 agrafes
staple-triple = 3 agrafes
edge-stitch = Piqûre sur le bord
saddle-stitch = Piqûre à cheval
punch = Perforation
punch-dual = 2 trous
punch-triple = 3 trous
punch-quad = 4 trous
punch-multiple = Trous multiples
fold = Pli
fold-half = Pli en deux
fold-letter = Pli roulé
fold-z = Pli en Z
fold-other = Pli ({ $name })
finishing-at = { $what }, { $place }
at-top-left = en haut à gauche
at-bottom-left = en bas à gauche
at-top-right = en haut à droite
at-bottom-right = en bas à droite
at-left = à gauche
at-top = en haut
at-right = à droite
at-bottom = en bas

print = Imprimer
print-and-keep = Imprimer et conserver
options = Options
protect = Protéger
delete = Supprimer
cancel = Annuler
done = Terminé
dismiss = Masquer
options-title = Options d’impression
options-hint = Pour les documents sélectionnés. Ce que vous ne modifiez pas s’imprime comme envoyé.
options-copies = Exemplaires
options-sides = Faces
options-color = Couleur
options-scaling = Taille sur le papier
options-staple = Agrafes
options-punch = Perforation
options-fold = Pliage
options-image = Pages illisibles ou vides ?
options-pages = Pages
options-pages-all = Toutes, ou par exemple 1-3, 7
as-is = Comme envoyé
as-is-short = –
as-before = Tout comme envoyé
fewer = Moins
more-copies = Plus
sure-title = Supprimer les documents sélectionnés ?
sure-text = Ils seront supprimés définitivement, sans être imprimés.
sure-yes = Supprimer
sure-no = Conserver

again-title = Une partie est peut-être déjà imprimée
again-text = Une tentative précédente a été interrompue, et on ignore où elle en était. Vérifiez le bac de sortie.
again-print = Réimprimer
again-delete = Tout est là, supprimer
job-pin-title = Ce document a son propre code PIN
job-pin-text = Son expéditeur a choisi un code PIN pour ce document seulement.
job-pin = Code PIN du document
document-password-title = Ce document est verrouillé
document-password-text = Son auteur a défini un mot de passe. Il ne sert qu’à cette impression et n’est pas enregistré.
document-password = Mot de passe du document
remark-nothing = Sélectionnez d’abord un document.
remark-copies = Choisissez de 1 à 999 exemplaires.
remark-pages = Saisissez les pages ainsi : 1-3, 7.
remark-too-much = C’était un peu rapide. Réessayez.
remark-gone = Ce document n’existe plus.
failure = Cela n’a pas fonctionné :

progress = Avancement
print-in-line = Le suivant
print-queued = Un autre document s’imprime. Le vôtre est le suivant.
print-sending = En route vers l’imprimante
print-printing = Impression
print-page = Impression de la page { $page }
print-page-of = Impression de la page { $page } sur { $pages }
print-stopped = L’imprimante s’est arrêtée
print-canceling = Annulation sur l’imprimante
ended-printed = Imprimé
ended-kept = Imprimé et conservé pour la prochaine fois
ended-not = Non imprimé. Le document est toujours là.
ended-maybe = Peut-être imprimé
maybe-what = Vérifiez le bac de sortie : tout y est-il ?

reason-media-jam = Bourrage papier
reason-media-empty = Plus de papier
reason-media-needed = Un autre papier est nécessaire
reason-media-low = Niveau de papier bas
reason-toner-empty = Plus de toner
reason-toner-low = Niveau de toner bas
reason-marker-supply-empty = Plus d’encre ou de toner
reason-marker-supply-low = Niveau d’encre ou de toner bas
reason-marker-waste-full = Le bac de récupération est plein
reason-cover-open = Un capot est ouvert
reason-door-open = Une porte est ouverte
reason-interlock-open = Une porte ou un capot est mal fermé
reason-output-area-full = Le bac de sortie est plein
reason-input-tray-missing = Il manque un bac à papier
reason-offline = L’imprimante est hors ligne
reason-timed-out = L’imprimante ne répond pas
reason-paused = L’imprimante est en pause
