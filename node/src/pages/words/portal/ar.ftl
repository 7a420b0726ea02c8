door-title = صفحتك ليست مفتوحة هنا
door-text = تُفتح برابط صالح لمرة واحدة. اكتب في طرفية هذا الحاسوب:
door-hint = إعادة التحميل تغلق الصفحة كي لا يجدها أحد مفتوحة.
used-title = استُعمل هذا الرابط من قبل
used-text = يفتح الرابط صفحة واحدة، مرة واحدة، خلال دقيقتين. إن استُعمل مرتين أُغلقت الصفحة التي فتحها أيضًا. لفتح صفحة أخرى اكتب:
over-title = هذه الصفحة مغلقة
over-text = تُغلق بعد نصف ساعة دون استعمال وعند توقف العقدة. لفتحها من جديد اكتب:
closed-title = أُغلقت الصفحة
closed-text = لم يبق منها شيء في هذه النافذة. لفتحها من جديد اكتب:
unproven-title = هذه الصفحة مغلقة
unproven-text = محاولات خاطئة كثيرة لتأكيد هويتك. لفتحها من جديد اكتب:
portal-away = عقدة هذا الحاسوب لا تستجيب. تعود الصفحة عندما تستجيب.
portal-close = إغلاق
admin = الإدارة
places = الأقسام
details = التفاصيل
chip-urgent = عاجل
chip-damaged = تالف
chip-revoked = ملغى
chip-blocked = موقوف
size-bytes = { $amount } بايت
size-kb = { $amount } ك.ب
size-mb = { $amount } م.ب

place-jobs = في الانتظار
place-history = السجل
place-account = حسابي
place-devices = الأجهزة
place-people = المستخدمون
place-printers = الطابعات
place-policy = القواعد
place-audit = التدقيق
lead-jobs = مختومة على هذا الحاسوب حتى تطبعها عند طابعة. تعرضها الطابعات بهذا الترتيب.
lead-history = ما حدث لمهامك في آخر 30 يومًا.
lead-account = رمزك السري وبطاقاتك وحواسيبك.
lead-devices = حواسيب الموقع وطابعاته، والأجهزة التي تنتظر الانضمام.
lead-people = من يمكنه الطباعة.
lead-printers = الحالة الحالية لطابعات الموقع.
lead-policy = كيف يعرّف المستخدمون بأنفسهم عند الطابعات، ومدة حفظ المهام.
lead-audit = سجلات تدقيق هذا الحاسوب في آخر 30 يومًا، موقّعة ومتسلسلة.

jobs-nothing = لا توجد مهام منتظرة. ما تطبعه يبقى هنا حتى تطلب طباعته عند طابعة.
job-up = تقديم
job-down = تأخير
job-unlock = إدخال كلمة المرور
unlock-title = { $name } مقفل
unlock-text = وضع له مؤلفه كلمة مرور. تُحفظ مختومة مع المهمة وتُستخدم عند الطباعة.
unlock-password = كلمة المرور
unlock-go = حفظ
unlock-wrong = كلمة المرور هذه لا تفتحه.
unlock-missing = أدخل كلمة المرور.
is-waiting = يظهر عند الطابعات من
is-printing = يُطبع عند { $printer }
is-printing-page = يُطبع عند { $printer }، الصفحة { $page }
is-stopped = توقفت { $printer }
was-printed = طُبع وحُفظ عند { $printer }
was-maybe = ربما طُبع عند { $printer }
was-not = لم يُطبع عند { $printer }
history-nothing = لا شيء بعد. عندما يُطبع شيء يظهر إيصاله هنا.
gone-printed = طُبع عند { $printer }
gone-deleted = حُذف على هذا الحاسوب
gone-deleted-at = حُذف عند { $printer }
gone-expired = انتهت مدته دون طباعة
receipt-number = الرقم
receipt-job = المهمة
receipt-sent = أُرسلت
receipt-printer = الطابعة
receipt-node = الموقِّع
receipt-pages = الصفحات

account-pin = الرمز السري
account-pin-text = تدخله عند كل طابعة. حواسيبك وحدها تستطيع التحقق منه.
account-pin-old = الرمز الحالي
account-pin-new = الرمز الجديد، 4 أحرف على الأقل
account-pin-again = كرّر الرمز الجديد
account-pin-go = تغيير الرمز
account-pin-wait = لحظة…
account-linked-text = سجلت على حاسوب آخر وهذا مرتبط به. غيّر رمزك هناك.
account-shared-text = على الحاسوب المشترك تختار رمزًا لكل زيارة.
account-badges = البطاقات
account-badges-count = { $count ->
    [0] لا بطاقة
    [zero] لا بطاقة
    [one] بطاقة واحدة
    [two] بطاقتان
    [few] { $count } بطاقات
    [many] { $count } بطاقة
   *[other] { $count } بطاقة
}
account-badges-text = يسجّل المسؤول البطاقات. لا تُحفظ الأرقام إلا بصيغة مموّهة، فلا يمكن عرضها.
account-computers = الحواسيب
account-computers-text = يمكن حفظ مهامك على كل منها.
account-this = هذا
account-old-pin = ما زال عليه الرمز القديم
account-link = ربط حاسوب آخر
pin-missing = املأ الحقول الثلاثة من فضلك.
pin-differs = الرمزان الجديدان غير متطابقين. أدخلهما مرة أخرى.
pin-wrong = الرمز الحالي خاطئ. لم يتغير شيء.
pin-odd = الرمز من 4 إلى 128 حرفًا.

pending-title = في انتظار الانضمام
pending-nothing = لا جهاز في الانتظار. يطلب الجهاز الجديد الانضمام بالأمر "papermesh join".
pending-compare = أدخل الأرقام الستة التي تعرضها شاشته.
pending-approve = قبول
pending-text = اقرأ الأرقام الستة على شاشة الجهاز نفسه وأدخلها هنا. لا يُقبل إلا الجهاز الذي يعرضها.
pending-digits = الأرقام على شاشته
pending-go = قبول
digits-wrong = لا جهاز منتظرًا يعرض هذه الأرقام. اقرأها مرة أخرى على شاشته. إن كان يعرضها حقًا فهناك من يعترض الاتصال: لا تقبل أي جهاز.
pending-refuse = رفض
members-title = الأعضاء
members-nothing = لا أعضاء.
member-this = هذا الحاسوب
member-here = متصل الآن
member-seen = آخر ظهور
member-never = لم يظهر من هنا قط
member-revoked = أُلغيت الشهادة
member-revoke = إلغاء
member-node = العقدة
member-until = الشهادة حتى
role-client = حاسوب
role-shared-client = حاسوب مشترك
role-printer = طابعة
role-bootstrap = عقدة تمهيد
role-admin = إدارة
invite = دعوة جهاز
invite-text = تحصل على سطر واحد. يقبل جهازًا واحدًا، مرة واحدة، دون مقارنة أرقام.
invite-role = الدور
invite-name = الاسم (اختياري)
invite-name-hint = إن تُرك فارغًا يختار الجهاز اسمًا.
invite-good = صالحة لمدة
invite-go = إنشاء دعوة
invites-title = دعوات مفتوحة
invite-withdraw = سحب

people-nothing = لا مستخدمين بعد.
people-add = إضافة مستخدم
people-add-text = تحصل على تذكرة تسلمها. بها يسجل المستخدم ويختار رمزًا.
people-add-go = إنشاء تذكرة
people-id = معرّف المستخدم
people-id-hint = مثل اسم الدخول أو عنوان البريد الإلكتروني.
people-name = الاسم المعروض (اختياري)
people-badge-number = رقم البطاقة
people-badge-hint = كما يقرؤه القارئ؛ اختياري.
people-badge = بطاقة
people-ticket = تذكرة جديدة
people-block = إيقاف
people-unblock = إعادة
people-enrolled = مسجل
people-not-enrolled = لم يسجل بعد
typed-user = هذا ليس معرّف مستخدم. يتكوّن من حروف وأرقام ونقاط وشرطات.
typed-name = هذا ليس اسمًا صالحًا.
typed-badge = أدخل رقم البطاقة.
badge-title = بطاقة { $user }
badge-text = البطاقة تعرّف بمستخدمها عند كل طابعة.
badge-give = تعيين
badge-take = إزالة

printers-nothing = لا طابعة في الموقع بعد. تنضم الطابعة بالأمر "papermesh join --role printer".
printer-asking = جارٍ السؤال…
printer-silent = لا تستجيب
printer-ready = جاهزة
printer-troubled = جاهزة مع تحذيرات
printer-stopped = لا تقبل المهام

policy-login = تسجيل الدخول عند الطابعات بـ
login-badge-pin = بطاقة أو معرّف، مع الرمز
login-badge-pin-text = البطاقة تقول من أنت والرمز يثبته. الخيار المعتاد.
login-pin = المعرّف والرمز
login-pin-text = لا تُقبل البطاقات.
login-badge = البطاقة وحدها
login-badge-text = لا أحد يثبت هويته: يمكن نسخ البطاقة، ويمكن لكل طابعة هنا فتح وطباعة جميع مهام كل من لديه بطاقة.
policy-bind = بطاقات غير معروفة
policy-bind-off = المسؤولون يسجّلون البطاقات
policy-bind-off-text = من يمرّر بطاقة غير معروفة يُطلب منه سؤال المسؤول. الخيار المعتاد.
policy-bind-on = يسجّل المستخدمون بطاقاتهم بأنفسهم
policy-bind-on-text = من يمرّر بطاقة غير مسجّلة ثم يسجّل الدخول بالمعرّف والرمز السري يمكنه تسجيلها عند الطابعة. يلزم لذلك أن يكون أحد حواسيبه وحاسوب أحد المسؤولين قيد التشغيل.
policy-kept = مهام لم تُستلم
policy-kept-text = تُحذف بعد هذه المدة ما لم يختر صاحبها غيرها.
policy-kept-for = تُحفظ مدة
policy-go = حفظ
span-minutes = { $count ->
    [one] دقيقة واحدة
    [two] دقيقتان
    [few] { $count } دقائق
    [many] { $count } دقيقة
   *[other] { $count } دقيقة
}
span-hours = { $count ->
    [one] ساعة واحدة
    [two] ساعتان
    [few] { $count } ساعات
    [many] { $count } ساعة
   *[other] { $count } ساعة
}
span-days = { $count ->
    [one] يوم واحد
    [two] يومان
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}
export = تصدير الموقع
export-text = كل ما لدى المسؤول في ملف مختوم. بالملف وعبارة السر يمكن لحاسوب آخر أن يصبح مسؤولًا، حتى لو فُقد هذا.
export-hint = إذا كان لمفتاح الموقع عبارة سر فاستخدمها.
export-again = كرّر عبارة السر
export-go = ختم
export-missing = املأ الحقلين من فضلك.
export-differs = العبارتان غير متطابقتين. أدخلهما مرة أخرى.
export-wrong = لمفتاح الموقع عبارة سر أخرى. أدخلها.
export-unsealed = ليس لمفتاح الموقع عبارة سر، فلا يمكن للصفحة تصديره. اكتب "papermesh site export" في الطرفية.
export-ready = خُتم ملف التصدير
export-ready-text = احفظ الملف بعيدًا عن عبارة السر. على حاسوب آخر استورده بالأمر "papermesh site import".
export-save = حفظ الملف
export-saved = حُفظ

audit-nothing = لا توجد سجلات.
audit-verify = تحقق من السلسلة
audit-number = السجل
audit-peer = العقدة الأخرى

sure-do = نعم
sure-delete = حذف هذه المهمة؟
sure-delete-text = سيُحذف { $name } نهائيًا ولن يستطيع أحد طباعته.
sure-delete-yes = حذف
sure-revoke = إلغاء { $name }؟
sure-revoke-text = لن يقبله الأعضاء بعد ذلك. المهام التي يحفظها لا يمكن طباعتها، ولا يمكنه الانضمام إلا بدعوة جديدة. يعلم الأعضاء غير المتصلين بذلك عند عودة اتصالهم.
sure-revoke-yes = إلغاء العضوية
sure-block = إيقاف { $name }؟
sure-block-text = لن يستطيع هذا المستخدم تسجيل الدخول عند الطابعات. تبقى المهام المنتظرة مختومة حتى تنتهي مدتها. يمكنك إعادته لاحقًا.
passphrase-title = أدخل عبارة السر
passphrase-text = تؤكد أنك من فتح هذه الصفحة. ثم يبقى المفتاح مفتوحًا حتى تتوقف العقدة.
passphrase = عبارة السر
passphrase-wrong = هذه العبارة لا تفتحه.
passphrase-go = فتح المفتاح
code-title = أكّد أنك أنت
code-text = تعرض الطرفية التي كتبت فيها "papermesh open" ستة أرقام. تؤكد أنك من فتح هذه الصفحة.
code = الأرقام في الطرفية
code-wrong = هذه الأرقام خاطئة.
code-go = متابعة

ticket-enroll = تذكرة لـ { $user }
ticket-enroll-text = سلّمها. يكتب المستخدم على حاسوبه "papermesh user enroll" ثم هذا السطر.
ticket-again = هذا المستخدم مسجّل من قبل. استخدام التذكرة يستبدل المفتاح والرمز، ويجب ربط الحواسيب المرتبطة من جديد.
ticket-link = ربط حاسوب آخر
ticket-link-text = اكتب على الحاسوب الآخر "papermesh user link" ثم هذا السطر.
ticket-join = دعوة: { $device }
ticket-join-text = اكتب على الجهاز "papermesh join -" ثم هذا السطر. يُقبل أول جهاز يستخدمه.
invite-line = الدعوة
invite-code = الدعوة رمز QR
ticket-line = التذكرة
ticket-code = التذكرة رمز QR
ticket-copy = نسخ
ticket-copied = نُسخت
ticket-until = صالحة حتى
invite-used = استخدمها

said-deleted = حُذف { $name }.
said-protected = { $name } محمي من الحذف التلقائي عند امتلاء المساحة.
said-unprotected = لم يعد { $name } محميًا.
said-moved = نُقل { $name }.
said-unlocked = يمكن طباعة { $name } الآن.
said-pin = تم تغيير الرمز. القديم لم يعد صالحًا.
said-pin-outdated = تم تغيير الرمز. لا تزال هذه الحواسيب تستخدم الرمز القديم وستحصل على الجديد فور التمكن من الوصول إليها: { $name }
said-approved = { $name } عضو الآن.
said-refused = رُفض الجهاز.
said-withdrawn = سُحبت الدعوة ولم تعد تقبل أحدًا.
said-revoked = أُلغيت عضوية { $name }.
said-enabled = يمكن لـ { $name } الطباعة من جديد.
said-disabled = لم يعد بإمكان { $name } الطباعة.
said-badge = البطاقة الآن لـ { $name }.
said-badge-former = البطاقة الآن لـ { $name }. كانت سابقًا لـ { $former }.
said-badge-taken = أُزيلت البطاقة من { $name }.
said-policy = تغيّرت القواعد وتنتشر مع اتصال الأعضاء.
said-verified = { $count ->
    [one] السلسلة سليمة: سجل واحد. بصمته:
    [two] السلسلة سليمة: سجلان. بصمة الأخير:
    [few] السلسلة سليمة: { $count } سجلات. بصمة الأخير:
    [many] السلسلة سليمة: { $count } سجلًا. بصمة الأخير:
   *[other] السلسلة سليمة: { $count } سجل. بصمة الأخير:
}
failed = لم ينجح ذلك:
failed-gone = لم يعد هذا هنا.
failed-busy = لا يمكن ذلك الآن.
failed-away = الجهاز الآخر لا يستجيب.
failed-data = بيانات غير صالحة:

outside-title = الطباعة من هنا
outside-lead = ما ترسله مشفّر وينتظر في المكتب، ولا يُطبع إلا عندما يقف صاحبه أمام طابعة.
outside-print = إرسال ملفات
outside-copies = النسخ
outside-sides = الأوجه
outside-color = اللون
outside-any = كما في الملف
outside-files = الملفات
outside-formats = ملفات PDF أو صور (JPEG وPNG) أو نص عادي
outside-go = إرسال
outside-held = { $count ->
    [zero] لا توجد ملفات في الانتظار.
    [one] ملف واحد في الانتظار.
    [two] ملفان في الانتظار.
    [few] { $count } ملفات في الانتظار.
    [many] { $count } ملفًا في الانتظار.
   *[other] { $count } ملف في الانتظار.
}
outside-not-held = لم يُقبل هذا.
outside-jobs = أُرسل من هنا
outside-no-jobs = لم يُرسل شيء من هنا بعد.
outside-waits = في الانتظار
outside-incoming = قيد الوصول
outside-deleted = محذوف
outside-printers = الطابعات
outside-search = الاسم أو المكان أو القدرات
outside-find = بحث
outside-none = لا توجد طابعة مطابقة.
outside-not-ready = تحتاج إلى تدخل
outside-add = الطباعة من أي برنامج
outside-add-text = أضف هذه الطابعة إلى نظامك. من يملك هذه العناوين يستطيع الطباعة هنا، فلا تشاركها.
outside-apple = ملف تعريف لأجهزة iPhone وiPad وMac
outside-address = عنوان لأجهزة Android وChromeOS وغيرها
outside-windows = ويندوز، في PowerShell
outside-cups = لينكس، في الطرفية

place-elsewhere = من الخارج
place-internet = الإنترنت
lead-elsewhere = ما يطبع لك خارج الموقع: هاتفك في البيت أو حاسوب ضيف. يُحفظ هنا ولا يخرج إلا لك.
lead-internet = تتيح البوابات الطباعة من الخارج دون فتح جدار الحماية. تمرّر ما هو مشفّر ولا تستطيع قراءته.
share = الطباعة من الخارج
share-text = تحصل على عنوان مع رمز. من يملكه يطبع لك، ولا يراه غيره.
share-name = لأي شيء أو لمن؟
share-name-hint = مثل «iPad» أو «دانة، مدقّقة»
share-who = كم يمكن أن يُطبع؟
share-mine = بقدر حاجتي، لمدة سنة
share-guest = ثلاث مهام خلال يوم
share-go = الحصول على العنوان
share-nowhere = لا يستطيع أحد الطباعة هنا من الخارج بعد: لا يفتح هذا الحاسوب مكانًا في بوابة.
share-line = العنوان
share-code = العنوان كرمز للكاميرات
ticket-print = يطبع لك: { $name }
ticket-print-text = افتح هذا العنوان هناك في متصفح، أو وجّه كاميرا نحو الرمز. تستقبل الصفحة الملفات وتضيف الطابعة إلى الهواتف والأجهزة اللوحية والحواسيب. لن يُعرض مرة أخرى.
tokens-nothing = لا شيء يطبع لك من الخارج.
token-jobs = { $count ->
    [zero] لا مهام
    [one] مهمة واحدة
    [two] مهمتان
    [few] { $count } مهام
    [many] { $count } مهمة
   *[other] { $count } مهمة
}
token-jobs-of = { $count } من { $most } مهام
gateway-add = إضافة بوابة
gateway-add-text = يحتاج مزوّدها إلى معرّف الموقع ويعطيك سطرًا. بعد ذلك تعرفها كل حواسيب الموقع.
gateway-line = السطر
gateway-add-go = إضافة
gateway-missing = يرجى إدخال سطر المزوّد.
gateway-odd = هذا ليس سطر بوابة.
gateway-remove = إزالة
gateways-nothing = ليس للموقع بوابة. لا أحد يطبع من الخارج.
gateway-idle = لا يفتح هذا الحاسوب مكانًا هناك
gateway-dialing = جارٍ الاتصال
gateway-asleep = يتصل عند استدعائه
gateway-down = غير متصل
gateway-knocks = { $count ->
    [zero] لا اتصالات من الخارج
    [one] اتصال واحد من الخارج
    [two] اتصالان من الخارج
    [few] { $count } اتصالات من الخارج
    [many] { $count } اتصالًا من الخارج
   *[other] { $count } اتصال من الخارج
}
gateway-up-since = متصل منذ
place-certified = الشهادة حتى
place-refused = الشهادة مرفوضة حتى
place-read = يمكن للبوابة قراءة ما يُطبع بهذا الاسم
place-seen = شوهد من الخارج، يقول { $by }:
mismatch-key = أظهر { $name } لـ { $by } مفتاحًا غير الذي يقوله { $doors }
mismatch-key-text = ربما تفحص الشبكة التي شوهد منها ذلك الاتصالات المشفرة، أو يجيب غيره بدلًا من ذلك الحاسوب. انظر من شبكة أخرى. إن كان الأمر هناك كذلك فلا تطبع شيئًا عبر هذه البوابة وأزلها، وإلا فاصرف هذا التنبيه.
mismatch-claimed = تدّعي عدة حواسيب { $name }: { $doors }
mismatch-claimed-text = يقول أحدها إن مكانًا له وهو لم يفتحه. انظر في كل منها من فتحه، وألغِ اعتماد الذي جرى تغييره.
mismatch-no-tls = لا يجيب { $name } التابع لـ { $doors } ‏{ $by } عبر TLS
mismatch-no-tls-text = ربما يقطع مرشح في الشبكة التي شوهد منها ذلك الاتصال، أو لا تُظهر البوابة المكان للجميع. انظر من شبكة أخرى، فإن كان الأمر هناك كذلك فاسأل مزود البوابة.
mismatch-closed = { $name } مغلق أمام { $by }، وهو مفتوح لدى { $doors }
mismatch-closed-text = لا تُظهر البوابة المكان للجميع. انظر من شبكة أخرى، فإن كان الأمر هناك كذلك فاسأل مزود البوابة.
mismatch-last = شوهد آخر مرة
mismatch-seen = شوهد: المفتاح { $key }، شهادة من { $issuer }
mismatch-says = يقول { $door }: المفتاح { $key }
mismatch-dismiss = صرف
places-title = أماكن هذا الحاسوب
place-of-site = مكان الموقع
place-asked = لم يُفتح بعد
place-asleep = يُستدعى بالبريد
place-close = إغلاق
place-new = مكان جديد
place-new-text = اسم يُعثر به على هذا الحاسوب من الخارج؛ وما يُطبع هناك يُحفظ هنا.
place-open = فتح
sure-gateway = إزالة { $name }؟
sure-gateway-text = لن يطبع أحد من خلالها بعد الآن.
said-gateway = أُضيفت { $name }.
said-gateway-removed = أُزيلت { $name }.
said-place = يجري فتح المكان.
said-place-closed = أُغلق المكان.
said-dismissed = صُرف ما شوهد في { $name }.
said-token = لم يعد { $name } يطبع.

mail-title = بالبريد
mail-new = عنوان آخر لك
mail-new-text = ما ترسله إلى { $address } من أحد عناوينك يُحفظ هنا لك.
mail-clear = في الطريق يبقى على خادم البريد غير مشفَّر حتى يُجلب.
mail-add = تسجيل عنوان
mail-add-text = تصلك هناك رسالة فيها رمز يُثبت أنك تقرؤها.
mail-address = عنوان البريد
mail-language = لغة الردود
mail-add-go = إرسال الرمز
mail-code-title = اكتب الرمز
mail-code-ask = أُرسل رمز إلى { $address }. يصلح لربع ساعة.
mail-code = الرمز
mail-code-go = تسجيل
mail-code-wrong = ليس هذا هو الرمز. انظر في أحدث رسالة.
mail-remove = إزالة
mail-since = سُجِّل
typed-mail = ليس هذا عنوان بريد.
said-address = ما ترسله من { $name } يُحفظ لك.
said-address-removed = ما يُرسل من { $name } لم يعد يُحفظ.
mail-code-subject = أكِّد عنوان بريدك
mail-code-text =
    رمزك: { $code }

    يصلح لمدة { $minutes } دقيقة. من يكتبه يُحفظ له ما يُرسل من هذا العنوان لطباعته.
mail-code-foot = أرسل هذا برنامج في { $site }. إن لم تطلبه فلا حاجة إلى فعل شيء.
mail-subject = رسالتك
mail-text = نص الرسالة
mail-untitled = بلا عنوان
mail-held = محفوظ لك:
mail-before = لم يُحفظ مرة أخرى لأن المستند نفسه جاء من قبل:
mail-not-held = لم يُحفظ:
mail-where = أفرِج عنه عند أي طابعة في { $site } حتى { $until }.
mail-nothing = لم يُحفظ شيء.
mail-empty = ليس فيها ما يمكن طباعته. أرفق المستندات بصيغة PDF أو JPEG أو PNG أو نصًا عاديًا.
mail-html = نصها منسَّق ولا يمكن طباعته. أرسله نصًا عاديًا أو أرفقه بصيغة PDF.
mail-why-picture = الصورة في نص الرسالة ليست مستندًا
mail-why-mail = الرسالة داخل الرسالة لا تُطبع؛ أرفق مستنداتها بدلًا من ذلك
mail-why-damaged = وصل تالفًا؛ أرسله مرة أخرى
mail-too-many = فيها أكثر من { $most } مرفقات. أرسل عدة رسائل.
mail-too-large = هي كبيرة جدًا: يجوز أن تبلغ كل المرفقات معًا { $most } ميبيبايت. أرسل عدة رسائل.
mail-unreadable = تعذّرت قراءة الرسالة.
mail-often = جاءت منك اليوم رسائل كثيرة جدًا.
mail-option-unknown = «{ $option }» ليس خيارًا.
mail-option-contradicts = «{ $option }» يناقض خيارًا آخر.
mail-options = الخيارات: 2x (النسخ) وduplex وtumble وsimplex وmono وcolor ومقاسات الورق مثل a4 أو letter.
mail-last = جاءت منك رسائل كثيرة، فلن يُرد على الرسائل التالية لمدة تصل إلى ساعة.
mail-foot = أرسل هذا برنامج في { $site } لأن رسالة جاءت من عنوانك. لا أحد يقرأ الردود عليه.
