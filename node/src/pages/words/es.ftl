page-title = { $printer } – Papermesh
away = El ordenador de la impresora no responde. Esta página volverá sola.
menu = Idioma y colores
menu-language = Idioma
menu-look = Colores
look-auto = Automático
look-light = Claro
look-dark = Oscuro
look-contrast = Alto contraste

welcome = Imprima sus documentos
welcome-tap = Acerque su tarjeta
welcome-lead = Sus documentos esperan, sellados, hasta que usted esté aquí.
welcome-type = Usuario y PIN
device-ready = Impresora lista
device-busy = Imprimiendo
device-stopped = La impresora necesita ayuda
device-silent = La impresora no responde; quizá se esté despertando
device-changed = La impresora muestra otro certificado que antes. Sus documentos siguen a salvo; avise a su administrador.
keys = Teclas en pantalla
keys-capitals = Mayúsculas
keys-signs = Signos
keys-space = Espacio
erase = Borrar
back = Atrás

typing-title = ¿Quién es usted?
typing-pin-title = Su PIN, por favor
typing-badge = Se leyó su tarjeta.
typing-user = Usuario
typing-pin = PIN o contraseña
typing-go = Ver mis documentos
typing-wait = Un momento…

notice-timed-out = Se cerró su sesión porque nadie tocó la pantalla.
notice-logged-out = Ha cerrado la sesión.
notice-still = { $count ->
    [one] Ha cerrado la sesión. Un documento se sigue imprimiendo.
   *[other] Ha cerrado la sesión. { $count } documentos se siguen imprimiendo.
}
notice-unknown-badge = Nadie tiene registrada esta tarjeta. Entre con usuario y PIN, y pida a su administrador que la registre.
notice-new-badge = Nadie tiene aún esta tarjeta. Entre una vez con usuario y PIN, y podrá registrarla como suya.
notice-random-badge = Este tipo de tarjeta, o de teléfono, muestra cada vez otro número y no puede identificar a nadie. Entre con usuario y PIN.
notice-unread-badge = La tarjeta no se leyó bien. Acérquela otra vez.
notice-no-badges = Aquí no se usan tarjetas. Escriba su usuario y su PIN.
notice-refused = No se pudo entrar. El PIN o el usuario es incorrecto, o ninguno de sus ordenadores está encendido. Inténtelo de nuevo.
notice-wait-seconds = { $count ->
    [one] Demasiados intentos. Inténtelo en un segundo.
   *[other] Demasiados intentos. Inténtelo en { $count } segundos.
}
notice-wait-minutes = { $count ->
    [one] Bloqueado por demasiados intentos. Inténtelo en un minuto.
   *[other] Bloqueado por demasiados intentos. Inténtelo en { $count } minutos.
}
notice-no-user = Esto no es un usuario. Tiene letras, cifras, puntos y guiones.
notice-no-pin = Escriba su PIN.

phone-use = Use su teléfono
phone-use-lead = Lea el código con la cámara: el teléfono será teclado y lista.
phone-code = Código para la cámara de un teléfono
phone-move = En mi teléfono
phone-move-title = Siga en su teléfono
phone-move-lead = Lea este código con la cámara de su teléfono. Su lista pasa allí y esta pantalla ya no la muestra.
phone-knock = Un teléfono quiere usarse aquí
phone-knock-lead = Toque el número que muestra su teléfono.
phone-knock-no = No soy yo
phone-lent = Aquí se usa un teléfono
phone-lent-lead = Escriba su usuario y su PIN en el teléfono.
phone-lent-user = { $user } usa un teléfono aquí
phone-lent-user-lead = Los documentos solo se ven en el teléfono.
phone-lent-end = Terminar
phone-away = El teléfono tiene la pantalla apagada o no tiene conexión. Se le espera un momento.
phone-scan = Lea el código de la impresora
phone-scan-lead = Vaya a la impresora y apunte la cámara de este teléfono al código de su pantalla.
phone-number = Toque este número en la impresora
phone-number-lead = Entonces este teléfono será teclado y lista.
notice-code-over = Este código ya se usó o es demasiado viejo. Lea el que la impresora muestra ahora.
notice-not-let-in = Este teléfono no fue admitido. Lea el código otra vez.
notice-phone-refused = El teléfono no fue admitido.

badge-ask-title = ¿Registrar esta tarjeta como suya?
badge-ask-text = Se acercó al lector antes de que usted entrara y nadie la tiene aún. La próxima vez acérquela en lugar de escribir su usuario.
badge-ask-yes = Registrar
badge-ask-no = Ahora no
badge-asking = Registrando la tarjeta…
badge-bound = La tarjeta es suya. La próxima vez acérquela en lugar de escribir su usuario.
badge-taken = Esta tarjeta es de otra persona. Consulte a su administrador.
badge-too-many = Tiene tantas tarjetas como se pueden tener. Pida a su administrador que retire una.
badge-no-admin = La tarjeta no está registrada: no se alcanza el ordenador de ningún administrador. Inténtelo más tarde o consulte a su administrador.
badge-not = La tarjeta no se puede registrar aquí. Consulte a su administrador.

clock = hasta cerrar sesión
clock-soon = Su sesión se cerrará pronto.
stay = Seguir
leave = Salir
bar = Qué hacer con los documentos elegidos

jobs-title = Sus documentos
jobs-count = { $count ->
    [one] 1 documento
   *[other] { $count } documentos
}
jobs-all = Elegir todos
jobs-none = No hay documentos esperándole.
jobs-coming = Buscando sus documentos
jobs-more = { $count ->
    [one] Mostrar uno más
   *[other] Mostrar más ({ $count })
}
a-computer = un ordenador
holder-asleep = Los documentos de { $name } no están accesibles ahora. ¿Está apagado o en reposo? Visto por última vez
holder-other-pin = { $name } pide otro PIN distinto. Visto por última vez
holder-failed = Los documentos de { $name } no se pueden mostrar ahora. Visto por última vez
holder-asking = Preguntando a { $name }
first-page = Primera página
until = guardado hasta
chip-maybe = Quizá impreso
chip-leased = En otra impresora
chip-pin = Tiene su propio PIN
chip-locked = Pide una contraseña
chip-protected = Protegido
chip-soon = Caduca pronto
age-now = ahora mismo
age-minutes = { $count ->
    [one] hace 1 minuto
   *[other] hace { $count } minutos
}
age-hours = { $count ->
    [one] hace 1 hora
   *[other] hace { $count } horas
}
age-days = { $count ->
    [one] hace 1 día
   *[other] hace { $count } días
}
pages-count = { $count ->
    [one] 1 página
   *[other] { $count } páginas
}
pages-only = solo páginas { $pages }
copies-count = { $count ->
    [one] 1 copia
   *[other] { $count } copias
}
sides-one = Una cara
sides-long = Dos caras
sides-short = Dos caras, borde corto
color-color = Color
color-mono = Blanco y negro
scaling-fit = Ajustar a la página
scaling-fill = Llenar la página
scaling-none = Tamaño real
as-image = Imprimir como imagen

print = Imprimir
print-and-keep = Imprimir y guardar
options = Opciones
protect = Proteger
delete = Eliminar
cancel = Cancelar
done = Listo
dismiss = Ocultar
options-title = Cómo imprimir
options-hint = Para los documentos elegidos. Lo que no cambie queda como se envió.
options-copies = Copias
options-sides = Caras
options-color = Color
options-scaling = Tamaño en el papel
options-image = ¿Páginas ilegibles o vacías?
options-pages = Páginas
options-pages-all = Todas, o por ejemplo 1-3, 7
as-is = Como se envió
as-is-short = –
as-before = Todo como se envió
fewer = Menos
more-copies = Más
sure-title = ¿Eliminar los documentos elegidos?
sure-text = Se eliminan para siempre, sin imprimirse.
sure-yes = Eliminar
sure-no = Guardar

again-title = Quizá una parte ya esté en papel
again-text = Un intento anterior se interrumpió y nadie sabe hasta dónde llegó. Mire la bandeja de salida.
again-print = Imprimir otra vez
again-delete = Está ahí, eliminar
job-pin-title = Este documento tiene su propio PIN
job-pin-text = Quien lo envió eligió un PIN solo para él.
job-pin = PIN del documento
document-password-title = Este documento está bloqueado
document-password-text = Quien lo creó le puso una contraseña. Solo sirve para esta impresión y no se guarda en ningún sitio.
document-password = Contraseña del documento
remark-nothing = Elija primero un documento.
remark-copies = De 1 a 999 copias.
remark-pages = Las páginas se escriben como 1-3, 7.
remark-too-much = Fue un poco rápido. Inténtelo de nuevo.
remark-gone = Este documento ya no está.
failure = Esto no funcionó:

progress = Progreso
print-in-line = El siguiente
print-queued = Hay otro documento en la impresora. El suyo va después.
print-sending = En camino a la impresora
print-printing = Imprimiendo
print-page = Imprimiendo la página { $page }
print-page-of = Imprimiendo la página { $page } de { $pages }
print-stopped = La impresora se ha detenido
print-canceling = Retirándolo de la impresora
ended-printed = Impreso
ended-kept = Impreso y guardado para otra vez
ended-not = No impreso. El documento sigue aquí.
ended-maybe = Quizá impreso
maybe-what = Mire la bandeja de salida: ¿está todo?

reason-media-jam = Atasco de papel
reason-media-empty = Sin papel
reason-media-needed = Hace falta otro papel
reason-media-low = Queda poco papel
reason-toner-empty = Sin tóner
reason-toner-low = Queda poco tóner
reason-marker-supply-empty = Sin tinta o tóner
reason-marker-supply-low = Queda poca tinta o tóner
reason-marker-waste-full = El depósito de residuos está lleno
reason-cover-open = Una cubierta está abierta
reason-door-open = Una puerta está abierta
reason-interlock-open = Una puerta o cubierta no está bien cerrada
reason-output-area-full = La bandeja de salida está llena
reason-input-tray-missing = Falta una bandeja de papel
reason-offline = La impresora está desconectada
reason-timed-out = La impresora no responde
reason-paused = La impresora está en pausa
