# demo/world.py - the sample warehouse while it is being made: rows per table,
# helpers for identifiers, times and Chinese names, and the final COPY text.
#
# Every section draws from its own random stream, seeded by the section's name,
# so the planted cases are the same rows at every scale.
import datetime as dt
import random
import zlib

LAST = dt.date(2026, 11, 20)          # last filed day
DAYS = 90
FIRST = LAST - dt.timedelta(days=DAYS - 1)

# Columns in the order of demo/filing.sql.
TABLES = {
    'org': 'org_id uscc org_name biz_scope subject_type is_fin_inst line prov city op_prov_list est_date '
           'move_in_date move_in_approval reg_state grp_no icp_no app_no address reg_capital_wan paid_in_wan staff rating',
    'name_event': 'event_no org_id event_type event_date new_name new_scope approval_no',
    'licence': 'lic_no org_id biz_code authority valid_from valid_to lic_scope',
    'officer': 'person_id person_name org_id post qualified from_date to_date ban_from ban_to',
    'shareholding': 'holder_id holder_name org_id pct vote_pct hold_type for_whom from_date to_date',
    'company_group': 'grp_no org_id line',
    'bank': 'bank_id bank_name bank_class on_custody_list',
    'bank_account': 'acct_no owner_id owner_class org_id bank_id used_for bears_interest open_date close_date',
    'pay_flow': 'flow_id paid_at out_acct in_acct out_client in_client amount ccy org_id channel purpose prod_id '
                'loan_no clearing review_no order_no',
    'acct_day': 'acct_no day end_balance',
    'report_item': 'org_id report_date item amount',
    'product': 'prod_id org_id line issuer_id prod_name offering risk_grade promised_pct actual_pct '
               'principal_guaranteed term_days parent_prod reg_no is_public_fund risk_disclosed suits_disclosed '
               'start_date end_date',
    'loan': 'loan_no org_id borrower_id principal contract_date due_date rate_pct guarantor_id purpose is_property '
            'paid_to_acct overdue_principal appraised accepted repaid_on',
    'loan_cash': 'loan_no cash_date amount',
    'creditor_right': 'lender_id loan_no prod_id amount from_date to_date',
    'product_holder': 'investor_id prod_id amount bought_on as_of channel',
    'client': 'client_id client_name client_class id_token risk_cap is_qualified referrer_id prov',
    'client_check': 'client_id online_ok offline_ok checked_on',
    'ops_day': 'org_id day server_ip visits failures complaints_in complaints_done',
    'publicity': 'text_no source published_at org_id channel body text_type prod_id',
    'marketing': 'act_no org_id mode activity held_on prov place',
    'dual_record': 'sale_no prod_id client_id sold_at audio_file video_file keep_until',
    'feed_receipt': 'org_id report_date received_at format is_valid row_count control_sum',
    'complaint': 'case_no org_id received_at closed_at category channel',
    'custody_recon': 'org_id bank_id day platform_sum bank_sum received_at',
    'supervisory_act': 'act_no org_id act_type done_at note',
    'blacklist': 'subject_id subject_name reason from_date to_date',
    'cooperation': 'org_id partner_id line aml_clause from_date to_date',
    'debt_due': 'org_id due_date amount',
    'year_report': 'subject_id report_type year_end received_at',
    'rating_change': 'org_id rating from_date',
    'risk_assessment': 'org_id assessed_on score',
    'punishment': 'case_no subject_id amount illegal_turnover decided_on shared_on',
    'firm_list': 'source org_id firm_name line',
    'web_page': 'page_no org_id url icp_no body found_at is_alive',
    'lead_exchange': 'item_no authority direction sent_at answered_at',
    'account_query': 'request_no org_id acct_no authority document_no asked_at',
    'gdp': 'prov from_date to_date value_yi',
    'disclosure': 'org_id period item amount published_at',
    'planted': 'code subject note must_hit',
}
TABLES = {t: c.split() for t, c in TABLES.items()}

SURNAMES = '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文'
GIVEN = '伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红玲建国文辉晨宇浩轩子涵欣怡梓雨思远博志鹏俊雪梅婷佳慧莹颖琳晶倩帆航凯锋斌鑫波宁健亮'
# No two of these make a restricted word, alone or with the industries below.
TRADE_A = '华鼎瑞安恒嘉诚信达隆泰祥顺博远宏润德丰盛启元百荣康正兴锦永庆'
TRADE_B = '阳海川岳森林原野辰光宁和美乐佳业腾飞翔龙凤云帆舟桥石泉溪谷'
INDUSTRIES = ['科技', '商贸', '餐饮管理', '文化传媒', '物流', '建筑工程', '生物医药', '教育咨询', '机械设备', '食品',
              '服饰', '信息技术', '农业发展', '环保工程', '酒店管理', '汽车服务', '电子商务', '广告']
PLAIN_SCOPE = {
    '科技': '技术开发、技术转让、技术咨询；计算机系统服务；销售电子产品', '商贸': '销售日用品、五金交电、建筑材料；货物进出口',
    '餐饮管理': '餐饮服务；餐饮管理；食品经营', '文化传媒': '组织文化艺术交流活动；设计、制作、代理、发布广告',
    '物流': '道路货物运输；仓储服务；国内货运代理', '建筑工程': '施工总承包；建筑装饰装修工程设计与施工',
    '生物医药': '医药技术研发；医疗器械销售（第一类）', '教育咨询': '教育信息咨询（不含出国留学咨询及中介服务）；会议服务',
    '机械设备': '机械设备制造、销售、租赁；技术服务', '食品': '食品生产；预包装食品批发与零售', '服饰': '服装、鞋帽、箱包的设计与销售',
    '信息技术': '软件开发；信息系统集成；数据处理', '农业发展': '农产品种植、收购、销售；农业技术推广',
    '环保工程': '环境污染治理；环保设备安装、维护', '酒店管理': '酒店管理；住宿服务；会议服务', '汽车服务': '汽车维修；汽车零配件销售；汽车美容',
    '电子商务': '互联网销售（除销售需要许可的商品）；网络技术服务', '广告': '设计、制作、代理、发布各类广告；市场营销策划'}
SCOPE_TAIL = '（依法须经批准的项目，经相关部门批准后方可开展经营活动）'
CITIES = [('北京', '北京'), ('上海', '上海'), ('广东', '深圳'), ('广东', '广州'), ('浙江', '杭州'), ('江苏', '南京'),
          ('四川', '成都'), ('湖北', '武汉'), ('安徽', '合肥'), ('山东', '济南'), ('福建', '厦门'), ('陕西', '西安'),
          ('天津', '天津'), ('重庆', '重庆'), ('河南', '郑州'), ('湖南', '长沙')]
PROV_CODE = {'北京': '110105', '上海': '310115', '广东': '440304', '浙江': '330106', '江苏': '320105', '四川': '510107',
             '湖北': '420106', '安徽': '340104', '山东': '370102', '福建': '350203', '陕西': '610113', '天津': '120101',
             '重庆': '500103', '河南': '410105', '湖南': '430102'}
USCC = '0123456789ABCDEFGHJKLMNPQRTUWXY'


class Stream:
    """Random numbers from one named, scale-independent sequence."""

    def __init__(self, name):
        self.random = random.Random(zlib.crc32(name.encode())).random

    def int(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def pick(self, items):
        return items[int(self.random() * len(items))]

    def sample(self, items, count):
        """The first `count` of a shuffle; only the places touched are kept, so a large list is not copied."""
        items = items if isinstance(items, (list, tuple)) else list(items)
        moved, chosen = {}, []
        for i in range(min(count, len(items))):
            j = i + int(self.random() * (len(items) - i))
            chosen.append(items[moved.get(j, j)])
            moved[j] = moved.get(i, i)
        return chosen

    def person_name(self):
        return self.pick(SURNAMES) + self.pick(GIVEN) + (self.pick(GIVEN) if self.random() < .7 else '')

    def trade_name(self):
        return self.pick(TRADE_A) + self.pick(TRADE_B)


def uscc(prov, number):
    """Unified social credit code with its check character (GB 32100-2015)."""
    body = '91' + PROV_CODE[prov] + '%09d' % (300000000 + number)
    total = sum(USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + USCC[(31 - total % 31) % 31]


def day(text):
    return dt.date.fromisoformat(text)


def months_after(d, n):
    m = d.month - 1 + n
    y, m = d.year + m // 12, m % 12 + 1
    last = (dt.date(y + m // 12, m % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(y, m, min(d.day, last))


class World:
    def __init__(self):
        self.rows = {t: [] for t in TABLES}
        self.number = {}
        self.owner = {}               # account -> client or institution
        self.account_of = {}          # client -> first account
        self.balance_kept = {}        # account -> opening balance, for acct_day
        self.day_serial = {}
        self.serial_base = 0          # planted flows below 100000 a day, the others above
        self.unreviewed = set()       # flow ids that must keep no review record
        self.banks = []
        self.recon_gap = {}
        self.outside = set()

    def add(self, table, **row):
        columns = TABLES[table]
        for c in row:
            if c not in columns:
                raise KeyError(table + '.' + c)
        self.rows[table].append([row.get(c) for c in columns])

    def next(self, kind, start=1):
        self.number[kind] = self.number.get(kind, start - 1) + 1
        return self.number[kind]

    def plant(self, code, subject, note, must_hit=True):
        self.add('planted', code=code, subject=str(subject), note=note, must_hit=must_hit)

    # -- parties ---------------------------------------------------------
    def client(self, name, kind='个人', prov='上海', risk_cap=3, qualified=False, referrer=None, token=None,
               checked=True, account=True, client_id=None):
        cid = client_id or 'C%06d' % self.next('client')
        self.add('client', client_id=cid, client_name=name, client_class=kind,
                 id_token=token or 'ID%08x' % zlib.crc32(cid.encode()), risk_cap=risk_cap,
                 is_qualified=qualified, referrer_id=referrer, prov=prov)
        if checked:
            self.add('client_check', client_id=cid, online_ok=True, offline_ok=True,
                     checked_on=FIRST - dt.timedelta(days=200))
        if account:
            self.account(cid, '客户')
        return cid

    def account(self, owner, owner_class, org=None, bank=None, used_for=None, interest=None, opened=None, opening=None):
        no = 'A%06d' % self.next('account')
        if bank is None:
            bank = self.banks[zlib.crc32(no.encode()) % len(self.banks)]
        if interest is None:
            interest = owner_class in ('客户', '自有')
        self.add('bank_account', acct_no=no, owner_id=owner, owner_class=owner_class, org_id=org, bank_id=bank,
                 used_for=used_for, bears_interest=interest, open_date=opened or day('2024-03-01'))
        self.owner[no] = owner
        self.account_of.setdefault(owner, no)
        if opening is not None:
            self.balance_kept[no] = opening
        return no

    def org(self, name, scope, prov, city, line=None, fin=False, kind='企业', est='2018-05-10', state='存续', org_id=None,
            op_provs=None, icp=True, paid_wan=5000, licensed=None, lic_scope=None, lic_to=None, staff=60, group=None,
            move_in=None, move_in_approval=None, rating=None, address=None):
        n = self.next('org')
        oid = org_id or 'O%04d' % n
        self.add('org', org_id=oid, uscc=uscc(prov, n * 37), org_name=name, biz_scope=scope, subject_type=kind,
                 is_fin_inst=fin, line=line, prov=prov, city=city, op_prov_list=op_provs or prov, est_date=est,
                 move_in_date=move_in, move_in_approval=move_in_approval, reg_state=state, grp_no=group,
                 icp_no='%sICP备%08d号' % (prov[0], 16000000 + n * 91) if icp else None,
                 app_no='APP%05d' % n if line else None, address=address or '%s市%s路%d号' % (city, '人民建设解放中山'[n % 4 * 2:n % 4 * 2 + 2], n),
                 reg_capital_wan=paid_wan, paid_in_wan=paid_wan, staff=staff, rating=rating)
        if licensed:
            self.licence(oid, licensed, lic_scope, valid_to=lic_to)
        return oid

    def licence(self, org, biz, scope=None, valid_from='2019-01-01', valid_to=None, authority=None):
        authority = authority or {'PAY': '中国人民银行', 'FUND': '证监会', 'EC': '证监会', 'AM': '证监会'}.get(biz, '金融监管总局')
        self.add('licence', lic_no='L%05d' % self.next('licence'), org_id=org, biz_code=biz, authority=authority,
                 valid_from=valid_from, valid_to=valid_to or '2029-12-31', lic_scope=scope or SCOPE_OF[biz])

    def officer(self, org, name, post='法定代表人', person=None, qualified=True, ban_from=None, ban_to=None):
        person = person or 'P%05d' % self.next('person')
        self.add('officer', person_id=person, person_name=name, org_id=org, post=post, qualified=qualified,
                 from_date='2019-01-01', ban_from=ban_from, ban_to=ban_to)
        return person

    def holds(self, holder, name, org, pct, votes=None, kind='直接', for_whom=None, since='2018-06-01', until=None):
        if holder.startswith('C-') and holder not in self.outside:     # an owner who is nobody's customer
            self.outside.add(holder)
            self.client(name, '企业', account=False, checked=False, client_id=holder)
        self.add('shareholding', holder_id=holder, holder_name=name, org_id=org, pct=pct,
                 vote_pct=pct if votes is None else votes, hold_type=kind, for_whom=for_whom, from_date=since, to_date=until)

    # -- money -----------------------------------------------------------
    def flow(self, at, out_acct, in_acct, fen, purpose, org=None, channel='网银', loan=None, prod=None, clearing='大小额支付系统',
             review=True, order=None):
        """One transfer; `at` is (date, seconds of the day in China)."""
        d, sec = at
        serial = self.day_serial[d] = self.day_serial.get(d, self.serial_base) + 1
        fid = (d.year * 10000 + d.month * 100 + d.day) * 1000000 + serial
        if not review:
            self.unreviewed.add(fid)
        self.rows['pay_flow'].append([
            fid, '%s %02d:%02d:%02d+08' % (d.isoformat(), sec // 3600, sec // 60 % 60, sec % 60),
            out_acct, in_acct, self.owner.get(out_acct), self.owner.get(in_acct), fen, 'CNY', org, channel, purpose,
            prod, loan, clearing, None, order])
        return fid

    def review_large_days(self, limit=5000000):
        """A review record on every customer day of 50,000 yuan and more, except where a case wants none."""
        flows = self.rows['pay_flow']
        out, into = {}, {}
        for r in flows:
            d = r[0] // 1000000
            out[r[4], d] = out.get((r[4], d), 0) + r[6]
            into[r[5], d] = into.get((r[5], d), 0) + r[6]
        for r in flows:
            d = r[0] // 1000000
            if (out[r[4], d] >= limit or into[r[5], d] >= limit) and r[0] not in self.unreviewed:
                r[14] = 'FH%d' % r[0]

    def end_of_day(self):
        """Closing balances of the accounts the institutions must file, from their flows."""
        moved = {a: {} for a in self.balance_kept}
        for r in self.rows['pay_flow']:
            d = r[0] // 1000000
            if r[2] in moved:
                moved[r[2]][d] = moved[r[2]].get(d, 0) - r[6]
            if r[3] in moved:
                moved[r[3]][d] = moved[r[3]].get(d, 0) + r[6]
        self.closing = {}
        for acct, days in moved.items():
            run, low, series = 0, 0, []
            for i in range(DAYS):
                d = FIRST + dt.timedelta(days=i)
                run += days.get(d.year * 10000 + d.month * 100 + d.day, 0)
                low = min(low, run)
                series.append((d, run))
            opening = max(self.balance_kept[acct], self.balance_kept[acct] - low)
            for d, run in series:
                self.closing[acct, d] = opening + run
                gap = self.recon_gap.get((self.owner[acct], d), 0)       # the ledger disagrees with the bank
                self.add('acct_day', acct_no=acct, day=d, end_balance=yuan(opening + run + gap))

    # -- output ----------------------------------------------------------
    def write(self, out):
        for table, columns in TABLES.items():
            out.write('COPY filing.%s (%s) FROM stdin;\n' % (table, ', '.join(columns)))
            money = table == 'pay_flow'
            lines = []
            for r in self.rows[table]:
                if money:
                    r = list(r)
                    r[6] = yuan(r[6])
                lines.append('\t'.join(text(v) for v in r))
            lines.append('\\.\n')
            out.write('\n'.join(lines))
        out.write('''
CREATE INDEX ON filing.pay_flow (out_acct, paid_at);
CREATE INDEX ON filing.pay_flow (in_acct, paid_at);
CREATE INDEX ON filing.pay_flow (loan_no) WHERE loan_no IS NOT NULL;
CREATE INDEX ON filing.bank_account (owner_id);
CREATE INDEX ON filing.creditor_right (loan_no);
CREATE INDEX ON filing.loan_cash (loan_no);
ANALYZE;
''')


def yuan(fen):
    return '%s%d.%02d' % ('-' if fen < 0 else '', abs(fen) // 100, abs(fen) % 100)


def text(v):
    if v is None:
        return '\\N'
    if v is True:
        return 't'
    if v is False:
        return 'f'
    v = str(v)
    return v.replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n') if not v.isalnum() else v


SCOPE_OF = {
    'P2P': '网络借贷信息中介', 'EC': '股权众筹融资', 'INS': '互联网保险;人寿保险', 'FUND': '基金销售;基金管理',
    'TRU': '信托;消费金融', 'PAY': '互联网支付;银行卡收单', 'AM': '资产管理', 'BANK': '吸收存款;发放贷款;理财;代销基金;代销保险;支付结算'}
