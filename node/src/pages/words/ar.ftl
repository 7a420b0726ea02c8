page-title = { $printer } – Papermesh
away = حاسوب الطابعة لا يستجيب. ستعود هذه الصفحة تلقائيًا.
menu = اللغة والألوان
menu-language = اللغة
menu-look = الألوان
look-auto = تلقائي
look-light = فاتح
look-dark = داكن
look-contrast = تباين عالٍ

welcome = اطبع مستنداتك
welcome-tap = مرّر بطاقتك
welcome-lead = تبقى مستنداتك مختومة حتى تطلب طباعتها هنا.
welcome-type = استخدام المعرّف والرمز السري
device-ready = الطابعة جاهزة
device-busy = تطبع الآن
device-stopped = الطابعة تحتاج إلى انتباه
device-silent = الطابعة لا تستجيب. ربما تخرج من وضع السكون.
device-changed = تغيّرت شهادة هذه الطابعة. مهامك في أمان؛ أخبر المسؤول من فضلك.
keys = لوحة مفاتيح على الشاشة
keys-capitals = أحرف كبيرة
keys-signs = رموز
keys-space = مسافة
erase = مسح
back = رجوع

typing-title = من أنت؟
typing-pin-title = أدخل رمزك السري
typing-badge = قُرئت البطاقة.
typing-user = معرّف المستخدم
typing-pin = الرمز السري أو كلمة المرور
typing-go = عرض مهامي
typing-wait = لحظة…

notice-timed-out = تم تسجيل خروجك لعدم النشاط.
notice-logged-out = تم تسجيل خروجك.
notice-still = تم تسجيل خروجك. مستندات ما زالت تُطبع: { $count }
notice-unknown-badge = هذه البطاقة غير مسجّلة. سجّل الدخول بالمعرّف والرمز السري، واطلب من المسؤول تسجيلها.
notice-new-badge = هذه البطاقة غير مسجّلة بعد. سجّل الدخول مرة بالمعرّف والرمز السري، ثم يمكنك تسجيلها باسمك.
notice-random-badge = هذا النوع من البطاقات أو الهواتف يعرض رقمًا مختلفًا كل مرة فلا يمكن تسجيله. سجّل الدخول بالمعرّف والرمز السري.
notice-unread-badge = تعذّرت قراءة البطاقة. مرّرها مرة أخرى.
notice-no-badges = لا تُستخدم البطاقات هنا. أدخل معرّفك ورمزك السري.
notice-refused = لم يتم تسجيل الدخول. الرمز السري أو المعرّف خاطئ، أو لا يوجد حاسوب لك قيد التشغيل. حاول مرة أخرى.
notice-wait-seconds = محاولات كثيرة. حاول بعد { $count } ثانية.
notice-wait-minutes = تم القفل بعد محاولات كثيرة. حاول بعد { $count } دقيقة.
notice-no-user = هذا ليس معرّف مستخدم. يتكوّن من حروف وأرقام ونقاط وشرطات.
notice-no-pin = أدخل رمزك السري.

phone-use = استخدم هاتفك
phone-use-lead = امسح الرمز بكاميرا الهاتف لتستخدمه لوحةَ مفاتيح وقائمة.
phone-code = رمز يُمسح بكاميرا الهاتف
phone-move = على هاتفي
phone-move-title = تابع على هاتفك
phone-move-lead = امسح هذا الرمز بكاميرا هاتفك. تنتقل قائمتك إلى الهاتف وتختفي من هذه الشاشة.
phone-knock = هل تريد ربط هذا الهاتف؟
phone-knock-lead = المس الرقم الذي يعرضه هاتفك.
phone-knock-no = لست أنا
phone-lent = تابع على هاتفك
phone-lent-lead = أدخل معرّفك ورمزك السري على الهاتف.
phone-lent-user = { $user } يستخدم هاتفًا
phone-lent-user-lead = تظهر المستندات على الهاتف فقط.
phone-lent-end = إنهاء
phone-away = شاشة الهاتف مطفأة أو انقطع اتصاله. في انتظار عودته…
phone-scan = امسح الرمز الذي على الطابعة
phone-scan-lead = اذهب إلى الطابعة ووجّه كاميرا هذا الهاتف إلى الرمز الذي على شاشتها.
phone-number = المس هذا الرقم على شاشة الطابعة
phone-number-lead = بعد ذلك يصبح هذا الهاتف لوحة مفاتيحك وقائمتك.
notice-code-over = هذا الرمز مستخدم أو انتهت صلاحيته. امسح الرمز الذي تعرضه الطابعة الآن.
notice-not-let-in = لم يُربط هذا الهاتف. امسح الرمز مرة أخرى.
notice-phone-refused = لم يُربط الهاتف.

badge-ask-title = هل تريد تسجيل هذه البطاقة باسمك؟
badge-ask-text = مُرّرت على القارئ قبل دخولك وليست مسجّلة بعد. في المرة القادمة مرّرها بدل كتابة المعرّف.
badge-ask-yes = تسجيل
badge-ask-no = ليس الآن
badge-asking = جارٍ تسجيل البطاقة…
badge-bound = البطاقة لك الآن. في المرة القادمة مرّرها بدل كتابة المعرّف.
badge-taken = هذه البطاقة لشخص آخر. اسأل المسؤول.
badge-too-many = لديك العدد الأقصى من البطاقات. اطلب من المسؤول إزالة واحدة.
badge-no-admin = لم تُسجَّل البطاقة: لا يمكن الوصول إلى حاسوب أي مسؤول. حاول لاحقًا أو اسأل المسؤول.
badge-not = لا يمكن تسجيل البطاقة هنا. اسأل المسؤول.

clock = حتى تسجيل الخروج
clock-soon = سيتم تسجيل خروجك قريبًا.
stay = البقاء
leave = تسجيل الخروج
bar = إجراءات للمهام المحددة

jobs-title = مهامك
jobs-count = { $count ->
    [zero] لا مهام
    [one] مهمة واحدة
    [two] مهمتان
    [few] { $count } مهام
   *[other] { $count } مهمة
}
jobs-all = تحديد الكل
jobs-none = لا توجد مستندات في الانتظار.
jobs-coming = جارٍ البحث عن مستنداتك…
jobs-more = عرض المزيد ({ $count })
a-computer = حاسوب
holder-asleep = لا يمكن الوصول إلى مهام { $name } الآن. هل هو مطفأ أو في وضع السكون؟ آخر ظهور
holder-other-pin = { $name } يحتاج إلى رمز سري آخر. آخر ظهور
holder-failed = لا يمكن عرض مهام { $name } الآن. آخر ظهور
holder-asking = جارٍ الاتصال بـ { $name }
first-page = الصفحة الأولى
until = محفوظ حتى
chip-maybe = ربما طُبع
chip-leased = عند طابعة أخرى
chip-pin = له رمز سري خاص
chip-locked = يحتاج إلى كلمة مرور
chip-protected = محمي
chip-soon = ينتهي قريبًا
age-now = الآن
age-minutes = { $count ->
    [one] قبل دقيقة
    [two] قبل دقيقتين
    [few] قبل { $count } دقائق
   *[other] قبل { $count } دقيقة
}
age-hours = { $count ->
    [one] قبل ساعة
    [two] قبل ساعتين
    [few] قبل { $count } ساعات
   *[other] قبل { $count } ساعة
}
age-days = { $count ->
    [one] قبل يوم
    [two] قبل يومين
    [few] قبل { $count } أيام
   *[other] قبل { $count } يومًا
}
pages-count = { $count ->
    [one] صفحة واحدة
    [two] صفحتان
    [few] { $count } صفحات
   *[other] { $count } صفحة
}
pages-only = الصفحات { $pages } فقط
copies-count = { $count ->
    [one] نسخة واحدة
    [two] نسختان
    [few] { $count } نسخ
   *[other] { $count } نسخة
}
sides-one = وجه واحد
sides-long = وجهان
sides-short = وجهان، الحافة القصيرة
color-color = ملوّن
color-mono = أبيض وأسود
scaling-fit = ملاءمة الصفحة
scaling-fill = ملء الصفحة
scaling-none = الحجم الفعلي
as-image = الطباعة كصورة
finishing-none = بدون
staple = دبوس
staple-dual = دبوسان
staple-triple = 3 دبابيس
edge-stitch = تدبيس الحافة
saddle-stitch = تدبيس الوسط
punch = ثقوب
punch-dual = ثقبان
punch-triple = 3 ثقوب
punch-quad = 4 ثقوب
punch-multiple = ثقوب متعددة
fold = طي
fold-half = طي من المنتصف
fold-letter = طي ثلاثي
fold-z = طي على شكل Z
fold-other = طي ({ $name })
finishing-at = { $what }، { $place }
at-top-left = أعلى اليسار
at-bottom-left = أسفل اليسار
at-top-right = أعلى اليمين
at-bottom-right = أسفل اليمين
at-left = اليسار
at-top = الأعلى
at-right = اليمين
at-bottom = الأسفل

print = طباعة
print-and-keep = طباعة واحتفاظ
options = خيارات
protect = حماية
delete = حذف
cancel = إلغاء
done = تم
dismiss = إخفاء
options-title = خيارات الطباعة
options-hint = للمهام المحددة. ما لا تغيّره يُطبع كما أُرسل.
options-copies = النسخ
options-sides = الأوجه
options-color = اللون
options-scaling = الحجم على الورق
options-staple = التدبيس
options-punch = الثقوب
options-fold = الطي
options-image = صفحات مشوشة أو فارغة؟
options-pages = الصفحات
options-pages-all = الكل، أو مثلًا 1-3, 7
as-is = كما أُرسل
as-is-short = –
as-before = الكل كما أُرسل
fewer = أقل
more-copies = أكثر
sure-title = حذف المهام المحددة؟
sure-text = ستُحذف نهائيًا دون طباعة.
sure-yes = حذف
sure-no = احتفاظ

again-title = ربما طُبع بعضها بالفعل
again-text = انقطعت محاولة سابقة ولا يُعرف إلى أين وصلت. تحقّق من درج الإخراج.
again-print = طباعة مرة أخرى
again-delete = موجود، احذفه
job-pin-title = لهذه المهمة رمز سري خاص
job-pin-text = اختار مرسلها رمزًا لهذه المهمة فقط.
job-pin = رمز المهمة السري
document-password-title = هذا المستند مقفل
document-password-text = وضع له مؤلفه كلمة مرور. تُستخدم لهذه الطباعة فقط ولا تُحفظ.
document-password = كلمة مرور المستند
remark-nothing = حدّد مهمة أولًا.
remark-copies = عدد النسخ من 1 إلى 999.
remark-pages = اكتب الصفحات هكذا: 1-3, 7.
remark-too-much = كان ذلك سريعًا بعض الشيء. حاول مرة أخرى.
remark-gone = لم تعد هذه المهمة موجودة.
failure = لم ينجح هذا:

progress = التقدّم
print-in-line = التالي
print-queued = مستند آخر قيد الطباعة، ومستندك بعده.
print-sending = في الطريق إلى الطابعة
print-printing = جارٍ الطباعة
print-page = طباعة الصفحة { $page }
print-page-of = طباعة الصفحة { $page } من { $pages }
print-stopped = توقّفت الطابعة
print-canceling = جارٍ الإلغاء على الطابعة
ended-printed = طُبع
ended-kept = طُبع واحتُفظ به للمرة القادمة
ended-not = لم يُطبع. المهمة ما زالت هنا.
ended-maybe = ربما طُبع
maybe-what = تحقّق من درج الإخراج: هل كل شيء موجود؟

reason-media-jam = انحشار الورق
reason-media-empty = نفد الورق
reason-media-needed = يلزم ورق آخر
reason-media-low = الورق على وشك النفاد
reason-toner-empty = نفد الحبر
reason-toner-low = الحبر على وشك النفاد
reason-marker-supply-empty = نفد الحبر
reason-marker-supply-low = الحبر على وشك النفاد
reason-marker-waste-full = حاوية الفضلات ممتلئة
reason-cover-open = غطاء مفتوح
reason-door-open = باب مفتوح
reason-interlock-open = باب أو غطاء غير مغلق
reason-output-area-full = درج الإخراج ممتلئ
reason-input-tray-missing = درج ورق مفقود
reason-offline = الطابعة غير متصلة
reason-timed-out = الطابعة لا تستجيب
reason-paused = الطابعة متوقفة مؤقتًا
