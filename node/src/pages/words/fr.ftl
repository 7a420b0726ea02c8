page-title = { $printer } – Papermesh
away = L’ordinateur de l’imprimante ne répond pas. Cette page reviendra d’elle-même.
menu = Langue et couleurs
menu-language = Langue
menu-look = Couleurs
look-auto = Automatique
look-light = Clair
look-dark = Sombre
look-contrast = Contraste élevé

welcome = Imprimez vos documents
welcome-tap = Présentez votre badge
welcome-lead = Vos documents vous attendent, scellés, jusqu’à votre arrivée.
welcome-type = Identifiant et code PIN
device-ready = Imprimante prête
device-busy = Impression en cours
device-stopped = L’imprimante a besoin d’aide
device-silent = L’imprimante ne répond pas ; elle se réveille peut-être
device-changed = L’imprimante présente un autre certificat qu’avant. Vos documents restent en sécurité ; prévenez l’administrateur.
keys = Touches à l’écran
keys-capitals = Majuscules
keys-signs = Signes
keys-space = Espace
erase = Effacer
back = Retour

typing-title = Qui êtes-vous ?
typing-pin-title = Votre code PIN
typing-badge = Votre badge a été lu.
typing-user = Identifiant
typing-pin = Code PIN ou mot de passe
typing-go = Voir mes documents
typing-wait = Un instant…

notice-timed-out = Vous avez été déconnecté, car personne n’a touché l’écran.
notice-logged-out = Vous êtes déconnecté.
notice-still = { $count ->
    [one] Vous êtes déconnecté. Un document s’imprime encore.
   *[other] Vous êtes déconnecté. { $count } documents s’impriment encore.
}
notice-unknown-badge = Ce badge n’est connu de personne. Connectez-vous avec votre identifiant et votre code PIN, et demandez à l’administrateur de l’enregistrer.
notice-new-badge = Ce badge n’est encore à personne. Connectez-vous une fois avec votre identifiant et votre code PIN, et vous pourrez l’enregistrer comme le vôtre.
notice-random-badge = Ce type de carte, ou de téléphone, montre chaque fois un autre numéro et ne peut désigner personne. Connectez-vous avec votre identifiant et votre code PIN.
notice-unread-badge = Le badge a été mal lu. Présentez-le encore une fois.
notice-no-badges = Les badges ne sont pas acceptés ici. Saisissez votre identifiant et votre code PIN.
notice-refused = Connexion refusée. Le code PIN ou l’identifiant est faux, ou aucun de vos ordinateurs n’est allumé. Réessayez.
notice-wait-seconds = { $count ->
    [one] Trop de tentatives. Réessayez dans une seconde.
   *[other] Trop de tentatives. Réessayez dans { $count } secondes.
}
notice-wait-minutes = { $count ->
    [one] Bloqué après trop de tentatives. Réessayez dans une minute.
   *[other] Bloqué après trop de tentatives. Réessayez dans { $count } minutes.
}
notice-no-user = Ce n’est pas un identifiant. Il se compose de lettres, chiffres, points et tirets.
notice-no-pin = Saisissez votre code PIN.

phone-use = Avec votre téléphone
phone-use-lead = Lisez le code avec l’appareil photo : le téléphone devient clavier et liste.
phone-code = Code à lire avec l’appareil photo d’un téléphone
phone-move = Sur mon téléphone
phone-move-title = Continuer sur votre téléphone
phone-move-lead = Lisez ce code avec l’appareil photo de votre téléphone. Votre liste y passe, et cet écran n’en montre plus rien.
phone-knock = Un téléphone veut être utilisé ici
phone-knock-lead = Touchez le nombre que montre votre téléphone.
phone-knock-no = Ce n’est pas moi
phone-lent = Un téléphone est utilisé ici
phone-lent-lead = Saisissez votre identifiant et votre code PIN sur le téléphone.
phone-lent-user = { $user } utilise un téléphone ici
phone-lent-user-lead = Les documents ne sont affichés que sur le téléphone.
phone-lent-end = Terminer
phone-away = L’écran du téléphone est éteint, ou il n’a pas de connexion. On l’attend un instant.
phone-scan = Lisez le code de l’imprimante
phone-scan-lead = Allez à l’imprimante et pointez l’appareil photo de ce téléphone sur le code de son écran.
phone-number = Touchez ce nombre à l’imprimante
phone-number-lead = Ce téléphone est alors clavier et liste.
notice-code-over = Ce code a déjà servi ou a expiré. Lisez celui que l’imprimante montre maintenant.
notice-not-let-in = Ce téléphone n’a pas été admis. Lisez le code encore une fois.
notice-phone-refused = Le téléphone n’a pas été admis.

badge-ask-title = Enregistrer ce badge comme le vôtre ?
badge-ask-text = Il a été présenté avant votre connexion et n’est encore à personne. La prochaine fois, présentez-le au lieu de taper votre identifiant.
badge-ask-yes = Enregistrer
badge-ask-no = Pas maintenant
badge-asking = Le badge est en cours d’enregistrement…
badge-bound = Le badge est à vous. La prochaine fois, présentez-le au lieu de taper votre identifiant.
badge-taken = Ce badge est à quelqu’un d’autre. Adressez-vous à l’administrateur.
badge-too-many = Vous avez autant de badges qu’on peut en avoir. Demandez à l’administrateur d’en retirer un.
badge-no-admin = Le badge n’est pas enregistré : aucun ordinateur d’administrateur n’est joignable. Réessayez plus tard, ou adressez-vous à l’administrateur.
badge-not = Le badge ne peut pas être enregistré ici. Adressez-vous à l’administrateur.

clock = avant déconnexion
clock-soon = Vous allez bientôt être déconnecté.
stay = Rester
leave = Se déconnecter
bar = Que faire des documents choisis

jobs-title = Vos documents
jobs-count = { $count ->
    [one] 1 document
   *[other] { $count } documents
}
jobs-all = Tout choisir
jobs-none = Aucun document ne vous attend.
jobs-coming = Recherche de vos documents
jobs-more = { $count ->
    [one] En montrer un de plus
   *[other] En montrer plus ({ $count })
}
a-computer = un ordinateur
holder-asleep = Les documents de { $name } ne sont pas accessibles. Est-il éteint ou en veille ? Vu pour la dernière fois
holder-other-pin = { $name } attend un autre code PIN. Vu pour la dernière fois
holder-failed = Les documents de { $name } ne peuvent pas être affichés. Vu pour la dernière fois
holder-asking = { $name } est interrogé
first-page = Première page
until = gardé jusqu’à
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

print = Imprimer
print-and-keep = Imprimer et garder
options = Options
protect = Protéger
delete = Supprimer
cancel = Annuler
done = Terminé
dismiss = Masquer
options-title = Comment imprimer
options-hint = Pour les documents choisis. Ce que vous ne changez pas reste comme envoyé.
options-copies = Exemplaires
options-sides = Faces
options-color = Couleur
options-scaling = Taille sur le papier
options-image = Pages brouillées ou vides ?
options-pages = Pages
options-pages-all = Toutes, ou par exemple 1-3, 7
as-is = Comme envoyé
as-is-short = –
as-before = Tout comme envoyé
fewer = Moins
more-copies = Plus
sure-title = Supprimer les documents choisis ?
sure-text = Ils seront supprimés définitivement, sans être imprimés.
sure-yes = Supprimer
sure-no = Garder

again-title = Une partie est peut-être déjà imprimée
again-text = Un essai précédent a été interrompu et personne ne sait où il en était. Regardez dans le bac de sortie.
again-print = Imprimer encore
again-delete = Tout est là, supprimer
job-pin-title = Ce document a son propre code PIN
job-pin-text = Son expéditeur a choisi un code pour ce seul document.
job-pin = Code PIN du document
document-password-title = Ce document est verrouillé
document-password-text = Son auteur lui a donné un mot de passe. Il sert à cette seule impression et n’est gardé nulle part.
document-password = Mot de passe du document
remark-nothing = Choisissez d’abord un document.
remark-copies = De 1 à 999 exemplaires.
remark-pages = Les pages s’écrivent comme 1-3, 7.
remark-too-much = C’était un peu rapide. Réessayez.
remark-gone = Ce document n’est plus là.
failure = Cela n’a pas fonctionné :

progress = Avancement
print-in-line = Le prochain
print-queued = Un autre document est à l’imprimante. Le vôtre suit.
print-sending = En route vers l’imprimante
print-printing = Impression
print-page = Impression de la page { $page }
print-page-of = Impression de la page { $page } sur { $pages }
print-stopped = L’imprimante est arrêtée
print-canceling = Retrait de l’imprimante
ended-printed = Imprimé
ended-kept = Imprimé et gardé pour plus tard
ended-not = Pas imprimé. Le document est toujours là.
ended-maybe = Peut-être imprimé
maybe-what = Regardez dans le bac de sortie : tout y est-il ?

reason-media-jam = Bourrage papier
reason-media-empty = Plus de papier
reason-media-needed = Il faut un autre papier
reason-media-low = Bientôt plus de papier
reason-toner-empty = Plus de toner
reason-toner-low = Bientôt plus de toner
reason-marker-supply-empty = Plus d’encre ou de toner
reason-marker-supply-low = Bientôt plus d’encre ou de toner
reason-marker-waste-full = Le bac de récupération est plein
reason-cover-open = Un capot est ouvert
reason-door-open = Une porte est ouverte
reason-interlock-open = Une porte ou un capot est mal fermé
reason-output-area-full = Le bac de sortie est plein
reason-input-tray-missing = Un bac à papier manque
reason-offline = L’imprimante est hors ligne
reason-timed-out = L’imprimante ne répond pas
reason-paused = L’imprimante est en pause
