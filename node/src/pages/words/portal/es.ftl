door-title = Su página no está abierta aquí
door-text = Se abre con un enlace que sirve una vez. En un terminal de este ordenador, escriba:
door-hint = Recargar cierra la página, para que nadie la encuentre abierta.
used-title = Este enlace ya se usó
used-text = Un enlace abre una página, una vez, en dos minutos. Si se usó dos veces, la página que abrió también está cerrada. Para otra página, escriba:
over-title = Esta página está cerrada
over-text = Se cierra tras media hora sin uso, y cuando el nodo se detiene. Para abrirla de nuevo, escriba:
closed-title = La página está cerrada
closed-text = No queda nada de ella en esta ventana. Para abrirla de nuevo, escriba:
unproven-title = Esta página está cerrada
unproven-text = Lo escrito como prueba fue erróneo demasiadas veces. Para abrirla de nuevo, escriba:
portal-away = El nodo de este ordenador no responde. La página vuelve cuando lo haga.
portal-close = Cerrar
admin = Administración
places = Secciones
details = Detalles
chip-urgent = Urgente
chip-damaged = Dañado
chip-revoked = Revocado
chip-blocked = Bloqueado
size-bytes = { $amount } bytes
size-kb = { $amount } kB
size-mb = { $amount } MB

place-jobs = En espera
place-history = Historial
place-account = Mi cuenta
place-devices = Equipos
place-people = Usuarios
place-printers = Impresoras
place-policy = Reglas
place-audit = Registro
lead-jobs = Sellados en este ordenador hasta que los imprima. Las impresoras los muestran en este orden.
lead-history = Qué fue de sus trabajos en los últimos 30 días.
lead-account = Su PIN, sus tarjetas y sus ordenadores.
lead-devices = Los ordenadores e impresoras del sitio, y los que quieren unirse.
lead-people = Quién puede imprimir.
lead-printers = Cómo están ahora las impresoras del sitio.
lead-policy = Qué muestra cada uno en una impresora, y cuánto esperan los trabajos.
lead-audit = Lo que este ordenador anotó en los últimos 30 días, firmado y encadenado.

jobs-nothing = Nada espera. Lo que imprima queda aquí hasta que lo recoja en una impresora.
job-up = Antes
job-down = Después
job-unlock = Dar su contraseña
unlock-title = { $name } está bloqueado
unlock-text = Quien lo creó le puso una contraseña. Se guarda sellada con el documento y se usa al imprimir.
unlock-password = Contraseña
unlock-go = Guardar
unlock-wrong = Esta contraseña no lo abre.
unlock-missing = Escriba la contraseña.
is-waiting = en las impresoras desde
is-printing = Imprimiéndose en { $printer }
is-printing-page = Imprimiéndose en { $printer }, página { $page }
is-stopped = { $printer } está parada
was-printed = Impreso y guardado en { $printer }
was-maybe = Quizá impreso en { $printer }
was-not = No impreso en { $printer }
history-nothing = Nada todavía. Cuando algo se imprima, su recibo estará aquí.
gone-printed = Impreso en { $printer }
gone-deleted = Borrado en este ordenador
gone-deleted-at = Borrado en { $printer }
gone-expired = Caducó sin imprimirse
receipt-number = Número
receipt-job = Trabajo
receipt-sent = Enviado
receipt-printer = Impresora
receipt-node = Firmado por
receipt-pages = Páginas

account-pin = PIN
account-pin-text = Lo escribe en cada impresora. Solo sus ordenadores pueden comprobarlo.
account-pin-old = PIN actual
account-pin-new = PIN nuevo, al menos 4 caracteres
account-pin-again = PIN nuevo otra vez
account-pin-go = Cambiar el PIN
account-pin-wait = Un momento…
account-linked-text = Se inscribió en otro ordenador, y este está vinculado a él. Cambie su PIN allí.
account-shared-text = En un ordenador compartido elige un PIN en cada visita.
account-badges = Tarjetas
account-badges-count = { $count ->
    [0] Ninguna tarjeta
    [one] 1 tarjeta
   *[other] { $count } tarjetas
}
account-badges-text = Su administrador registra las tarjetas. Solo se guarda una forma cifrada del número, así que no puede mostrarse.
account-computers = Ordenadores
account-computers-text = Sus trabajos pueden esperar en cada uno.
account-this = Este
account-old-pin = Aún tiene el PIN antiguo
account-link = Vincular otro ordenador
pin-missing = Rellene los tres campos, por favor.
pin-differs = Los PIN nuevos no son iguales. Escríbalos otra vez.
pin-wrong = El PIN actual es incorrecto. No se cambió nada.
pin-odd = Un PIN tiene de 4 a 128 caracteres.

pending-title = Quieren unirse
pending-nothing = Ningún equipo pide unirse. Uno nuevo lo pide con «papermesh join».
pending-compare = Escriba las seis cifras que muestra su pantalla.
pending-approve = Admitirlo
pending-text = Lea las seis cifras en la pantalla del propio equipo y escríbalas aquí. Solo se admite el equipo que las muestra.
pending-digits = Cifras en su pantalla
pending-go = Admitirlo
digits-wrong = Ningún equipo que espera muestra estas cifras. Léalas otra vez en su pantalla. Si de verdad las muestra, hay alguien en medio: no admita nada.
pending-refuse = Rechazar
members-title = Miembros
members-nothing = No hay miembros.
member-this = este ordenador
member-here = conectado ahora
member-seen = visto por última vez
member-never = nunca visto desde aquí
member-revoked = certificado retirado
member-revoke = Revocar
member-node = Nodo
member-until = Certificado hasta
role-client = Ordenador
role-shared-client = Ordenador compartido
role-printer = Impresora
role-bootstrap = Bootstrap
role-admin = Administración
invite = Invitar un dispositivo
invite-text = Recibe una línea. Deja entrar un dispositivo, una sola vez, sin comparar cifras.
invite-role = Será
invite-name = Su nombre
invite-name-hint = Sin nombre, el dispositivo elige uno.
invite-good = Vale durante
invite-go = Hacer una invitación
invites-title = Invitaciones abiertas
invite-withdraw = Retirar

people-nothing = Aún no hay usuarios.
people-add = Añadir un usuario
people-add-text = Recibe un tique para entregar. Con él, el usuario se inscribe y elige un PIN.
people-add-go = Hacer un tique
people-id = ID de usuario
people-id-hint = Por ejemplo un nombre de acceso o una dirección de correo.
people-name = Nombre, si es otro
people-badge-number = Número de la tarjeta
people-badge-hint = Como lo lee un lector; puede faltar.
people-badge = Tarjeta
people-ticket = Nuevo tique
people-block = Bloquear
people-unblock = Desbloquear
people-enrolled = Inscrito
people-not-enrolled = Aún no inscrito
typed-user = Esto no es un ID de usuario. Tiene letras, cifras, puntos y guiones.
typed-name = Esto no es un nombre.
typed-badge = Escriba el número de la tarjeta, por favor.
badge-title = Una tarjeta de { $user }
badge-text = Una tarjeta nombra a un usuario en cada impresora.
badge-give = Dar
badge-take = Quitar

printers-nothing = El sitio aún no tiene impresora. Una impresora se une con «papermesh join --role printer».
printer-asking = Preguntando…
printer-silent = No responde
printer-ready = Lista
printer-troubled = Lista, pero échele un vistazo
printer-stopped = No acepta trabajos ahora

policy-login = En una impresora cada uno muestra
login-badge-pin = Tarjeta o ID, y PIN
login-badge-pin-text = La tarjeta dice quién es, el PIN lo prueba. Lo habitual.
login-pin = ID y PIN
login-pin-text = No se aceptan tarjetas.
login-badge = Solo la tarjeta
login-badge-text = Nadie demuestra nada: una tarjeta se puede copiar, y cualquier impresora de aquí puede abrir e imprimir todos los trabajos de quien tenga tarjeta.
policy-bind = Tarjetas desconocidas
policy-bind-off = Los administradores registran las tarjetas
policy-bind-off-text = A quien acerca una tarjeta desconocida se le pide que los consulte. Lo habitual.
policy-bind-on = Cada uno registra su tarjeta
policy-bind-on-text = Quien acerca una tarjeta que nadie tiene y luego entra con usuario y PIN puede registrarla en la impresora. Para ello deben estar encendidos un ordenador suyo y el de un administrador.
policy-kept = Trabajos sin recoger
policy-kept-text = Se borran si su dueño no pidió otro plazo.
policy-kept-for = Se guardan durante
policy-go = Guardar
span-minutes = { $count ->
    [one] 1 minuto
   *[other] { $count } minutos
}
span-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}
span-days = { $count ->
    [one] 1 día
   *[other] { $count } días
}
export = Exportar el sitio
export-text = Todo lo que tiene la administración, en un archivo sellado. Con el archivo y su frase de paso otro ordenador la asume, también si este se pierde.
export-hint = Si la clave del sitio tiene una frase de paso, es esa.
export-again = La frase otra vez
export-go = Sellar
export-missing = Rellene los dos campos.
export-differs = Las dos no son iguales. Escríbalas otra vez.
export-wrong = La clave del sitio tiene otra frase de paso. Escriba esa.
export-unsealed = La clave del sitio no tiene frase de paso, y una página no la entrega. Escriba «papermesh site export» en un terminal.
export-ready = El sitio está sellado
export-ready-text = Guarde el archivo lejos de su frase de paso. En otro ordenador lo asume «papermesh site import».
export-save = Guardar el archivo
export-saved = Guardado

audit-nothing = No se anotó nada.
audit-verify = Comprobar la cadena
audit-number = Apunte
audit-peer = Otro nodo

sure-do = Sí
sure-delete = ¿Borrar este trabajo?
sure-delete-text = { $name } se borra para siempre. Nadie podrá imprimirlo.
sure-delete-yes = Borrar
sure-revoke = ¿Revocar { $name }?
sure-revoke-text = Ningún miembro habla más con él. Los trabajos que guarda no pueden imprimirse, y solo vuelve con una invitación nueva. Los miembros ausentes lo sabrán a su vuelta.
sure-revoke-yes = Revocar
sure-block = ¿Bloquear a { $name }?
sure-block-text = Las impresoras ya no dejan entrar a este usuario. Los trabajos en espera quedan sellados hasta que caduquen. Podrá desbloquearlo después.
passphrase-title = Su frase de paso, por favor
passphrase-text = Demuestra que fue usted quien abrió esta página. La clave queda después abierta hasta que el nodo se detenga.
passphrase = Frase de paso
passphrase-wrong = Esta frase no la abre.
passphrase-go = Abrir la clave
code-title = ¿Es usted?
code-text = El terminal en el que escribió «papermesh open» muestra seis cifras. Demuestran que fue usted quien abrió esta página.
code = Cifras del terminal
code-wrong = No son esas cifras.
code-go = Continuar

ticket-enroll = Un tique para { $user }
ticket-enroll-text = Entréguelo. En su propio ordenador el usuario escribe «papermesh user enroll» y esta línea.
ticket-again = Este usuario ya estaba inscrito. Quien use el tique sustituye clave y PIN, y los ordenadores vinculados deben vincularse de nuevo.
ticket-link = Vincular otro ordenador
ticket-link-text = En el otro ordenador escriba «papermesh user link» y esta línea.
ticket-join = Invitación: { $device }
ticket-join-text = En el dispositivo escriba «papermesh join -» y esta línea. Entra quien la tenga primero.
invite-line = Invitación
invite-code = La invitación como código QR
ticket-line = Tique
ticket-code = El tique como código QR
ticket-copy = Copiar
ticket-copied = Copiado
ticket-until = Vale hasta
invite-used = Usada por

said-deleted = { $name } está borrado.
said-protected = { $name } está protegido: no cede su sitio a otros.
said-unprotected = { $name } ya no está protegido.
said-moved = { $name } se movió.
said-unlocked = { $name } ya se puede imprimir.
said-pin = Su PIN ha cambiado. El antiguo ya no vale.
said-pin-outdated = Su PIN ha cambiado. Sin contacto, y con el antiguo hasta entonces: { $name }
said-approved = { $name } es miembro ahora.
said-refused = El equipo fue rechazado.
said-withdrawn = La invitación está retirada. Ya no deja entrar a nadie.
said-revoked = { $name } ya no es miembro.
said-enabled = { $name } puede imprimir de nuevo.
said-disabled = { $name } ya no puede imprimir.
said-badge = { $name } tiene la tarjeta ahora.
said-badge-former = { $name } tiene la tarjeta ahora. Hasta ahora era de { $former }.
said-badge-taken = Se quitó la tarjeta a { $name }.
said-policy = Las reglas han cambiado, y se difunden con cada conexión.
said-verified = { $count ->
    [one] La cadena está entera: un apunte. Su hash:
   *[other] La cadena está entera: { $count } apuntes. Hash del último:
}
failed = Esto no funcionó:
failed-gone = Esto ya no está aquí.
failed-busy = Esto no es posible ahora.
failed-away = El otro equipo no responde.
failed-data = Algo no está como debe:
