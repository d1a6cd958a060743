# demo/planted.py - the cases hidden in the sample filings, and the innocent
# look-alikes beside them. Each is recorded in filing.planted under the code of
# the requirement it belongs to; boundary values come in threes (just below,
# exactly on, just above).
import datetime as dt

from world import FIRST, LAST, SCOPE_TAIL, Stream, day, months_after, yuan

YUAN = 100
WAN = 10000 * YUAN


def at(d, hour, minute=0, second=0):
    return (day(d) if isinstance(d, str) else d, hour * 3600 + minute * 60 + second)


def inside(d):
    return FIRST <= d <= LAST


# ---------------------------------------------------------------- builders
def platform(w, name, prov='上海', city='上海', custody='B01', state='存续', filed=True, own=True, **more):
    """A P2P information intermediary: filed, with custody at a listed bank and money of its own kept apart."""
    scope = more.pop('scope', '网络借贷信息中介服务；软件开发' + SCOPE_TAIL)
    org = w.org(name, scope, prov, city, line='P2P', state=state, licensed='P2P' if filed else None, **more)
    if custody:
        w.account(org, '存管', org=org, bank=custody, used_for='出借人与借款人资金存管', opening=50 * WAN)
        w.custody[org] = w.account_of[org]
    if own:
        w.own[org] = w.account(org, '自有', org=org, used_for='基本账户', opening=200 * WAN)
    w.officer(org, Stream('officer' + org).person_name())
    return org


def make_loan(w, org, borrower, fen, start, months, rate_pct, lenders, fee_pct=0, purpose='经营周转', guarantor=None,
              is_property=False, claim_to=None, prod=None, pay_in=None, loan_no=None, disbursed=True, funding_flows=True,
              paid_to=None, payer=None):
    """A loan with interest each month and principal at the end; its flows inside the filed days."""
    start = day(start) if isinstance(start, str) else start
    due = months_after(start, months)
    no = loan_no or '%s-%03d' % (org.replace('O', 'BD'), w.next('loan' + org))
    custody = pay_in or w.custody.get(org)
    b_acct = paid_to or w.account_of[borrower]
    repaid = due if due <= LAST else None
    w.add('loan', loan_no=no, org_id=org, borrower_id=borrower, principal=yuan(fen), contract_date=start, due_date=due,
          rate_pct=rate_pct, guarantor_id=guarantor, purpose=purpose, is_property=is_property, paid_to_acct=b_acct,
          overdue_principal='0.00', appraised=yuan(fen * 2), accepted=yuan(int(fen * 1.6)), repaid_on=repaid)
    w.loans.append((org, start, due, fen))
    fee = int(round(fen * fee_pct / 100))
    interest = int(round(fen * rate_pct / 1200))
    w.add('loan_cash', loan_no=no, cash_date=start, amount=yuan(fen - fee))
    for i in range(1, months + 1):
        w.add('loan_cash', loan_no=no, cash_date=months_after(start, i), amount=yuan(-(interest + (fen if i == months else 0))))
    for lender, part in lenders:
        w.add('creditor_right', lender_id=lender, loan_no=no, prod_id=prod, amount=yuan(part), from_date=start,
              to_date=claim_to or due)
    if inside(start) and funding_flows:
        for i, (lender, part) in enumerate(lenders):
            w.flow((start, 9 * 3600 + i * 240), w.account_of[lender], custody, part, '出借', org, loan=no, order='ZL%s%02d' % (no, i))
    if inside(start) and disbursed:
        w.flow((start, 14 * 3600), payer or custody, b_acct, fen - fee, '放款', org, loan=no, order='FK' + no)
        if fee:
            w.flow((start, 14 * 3600 + 60), custody, w.own[org], fee, '服务费', org, loan=no, order='FW' + no)
    if custody and disbursed:
        for i in range(1, months + 1):
            d = months_after(start, i)
            if not inside(d):
                continue
            last = i == months
            w.flow((d, 10 * 3600), b_acct, custody, interest + (fen if last else 0), '还款', org, loan=no, order='HK%s%02d' % (no, i))
            left = interest
            for j, (lender, part) in enumerate(lenders):
                share = left if j == len(lenders) - 1 else interest * part // fen
                left -= share
                if share + (part if last else 0) > 0:
                    w.flow((d, 15 * 3600 + j), custody, w.account_of[lender], share + (part if last else 0), '回款', org,
                           loan=no, order='HR%s%02d%02d' % (no, i, j))
    return no


def split(fen, parties):
    part = fen // len(parties) // 10000 * 10000
    return [(p, part if i else fen - part * (len(parties) - 1)) for i, p in enumerate(parties)]


def ad(w, org, body, channel='微信公众号', when='2026-11-10', source='广告监测', kind='广告', prod=None):
    n = w.next('text')
    w.add('publicity', text_no=n, source=source, published_at=when + ' 09:00:00+08', org_id=org, channel=channel, body=body, text_type=kind, prod_id=prod)
    return n


def firm(w, name, industry_scope, prov, city, **more):
    org = w.org(name, industry_scope + SCOPE_TAIL, prov, city, **more)
    w.own[org] = w.account(org, '自有' if more.get('line') else '客户', org=org if more.get('line') else None, used_for='基本账户')
    return org


# ------------------------------------------------------------------- cases
def plant_all(w):
    w.lenders = [w.client(Stream('lender%d' % i).person_name(), prov='上海') for i in range(60)]
    w.borrowers = [w.client(Stream('borrower%d' % i).person_name(), prov='上海') for i in range(120)]
    showcase(w)
    daily_thresholds(w)
    balances(w)
    rates(w)
    custody(w)
    pools_and_lending(w)
    terms(w)
    payment(w)
    sales(w)
    products(w)
    names(w)
    advertisements(w)
    typologies(w)
    entry_and_people(w)
    feeds(w)
    supervision(w)
    market(w)
    registers_and_sites(w)
    looked_through(w)
    subsidies(w)


def base_book(w, org, count, fen, start='2026-05-20', months=12, rate=8.4):
    """Old loans, so that a week's new business is small beside the book."""
    for i in range(count):
        b = w.borrowers[w.next('base') % len(w.borrowers)]
        make_loan(w, org, b, fen, day(start) + dt.timedelta(days=i % 8), months, rate,
                  split(fen, [w.lenders[(i * 3 + k) % len(w.lenders)] for k in range(4)]), funding_flows=False)


def showcase(w):
    """鑫汇通: lenders' money returns to the controller through three firms, guaranteed by his holding company."""
    org = w.red = platform(w, '上海鑫汇通网络借贷信息中介服务有限公司', paid_wan=10000)
    boss = w.client('郑立鑫', risk_cap=5, qualified=True)
    front = w.client('王桂芳')                                    # nominal owner on behalf of the boss
    holding = w.client('上海鑫汇控股集团有限公司', '企业')
    trade = w.client('上海鼎昌贸易有限公司', '企业')
    shell = w.client('上海泽远商贸有限公司', '企业')
    estate = w.client('苏州海澜置业有限公司', '企业', prov='江苏')
    steel = w.client('无锡宏泰钢材有限公司', '企业', prov='江苏')     # an honest supplier
    w.holds(boss, '郑立鑫', holding, 80)
    w.holds(front, '王桂芳', holding, 20, kind='代持', for_whom=boss)
    w.holds(holding, '上海鑫汇控股集团有限公司', org, 65)
    w.holds('C-FUND1', '上海鑫汇员工持股合伙企业', org, 35)
    w.holds(front, '王桂芳', trade, 100, kind='代持', for_whom=boss)
    w.holds(holding, '上海鑫汇控股集团有限公司', estate, 51)
    w.holds('C-OUT1', '苏州城建', estate, 49)
    w.holds('C-OUT2', '外部股东', shell, 100)
    w.holds('C-OUT3', '外部股东', steel, 100)
    base_book(w, org, 30, 10 * WAN)
    a = w.account_of
    group = [w.client(n) for n in ('陈思远', '周雅婷', '吴建军', '刘晓梅', '孙浩然', '黄丽华')]
    w.first_lender = group[0]
    no = make_loan(w, org, shell, 90 * WAN, '2026-11-03', 6, 10.8, list(zip(group, [20 * WAN, 15 * WAN, 10 * WAN, 15 * WAN, 12 * WAN, 18 * WAN])),
                   purpose='采购货款', guarantor=holding)
    w.flow(at('2026-11-03', 15, 10), a[shell], a[trade], 80 * WAN, '货款')
    w.flow(at('2026-11-03', 16, 5), a[shell], a[steel], 10 * WAN, '钢材款')
    w.flow(at('2026-11-04', 10, 20), a[trade], a[holding], 78 * WAN, '往来款')
    w.flow(at('2026-11-05', 9, 30), a[holding], a[estate], 50 * WAN, '土地款')
    w.flow(at('2026-11-05', 9, 45), a[holding], a[boss], 20 * WAN, '借款')
    w.plant('C04', org, '自融：放款 90 万经泽远商贸、鼎昌贸易回到控股股东，最终到置业公司与实际控制人')
    w.plant('C05', org, '自保：标的 %s 由控股股东担保' % no)
    w.plant('C22', org, '平台关联方提供增信')
    w.plant('B18', org, '与关联方的资金往来')
    # 4 x the benchmark, guaranteed in words, and growing by a third in a week
    usury = make_loan(w, org, w.borrowers[0], 10 * WAN, '2026-11-06', 12, 18.0, split(10 * WAN, w.lenders[:4]), fee_pct=6)
    w.plant('B15', usury, '名义 18% 另收 6% 服务费，综合年化远超四倍')
    for i in range(10):
        make_loan(w, org, w.borrowers[1 + i], 10 * WAN, day('2026-11-16') + dt.timedelta(days=i % 5), 12, 9.6,
                  split(10 * WAN, w.lenders[i * 3:i * 3 + 4]))
    # 31 loans of the book, 90 of the shell and 10 at 18 %: 400 before the week, 500 + after it
    for i in range(3):
        make_loan(w, org, w.borrowers[20 + i], 10 * WAN, '2026-11-18', 12, 9.6, split(10 * WAN, w.lenders[i * 3:i * 3 + 4]))
    w.plant('B13', org, '贷款余额一周增三分之一：10-30 至 11-06 由 300 万到 400 万，11-13 至 11-20 由 400 万到 530 万')
    w.plant('B30', org, '贷款余额扩张远快于同业')
    n = ad(w, org, '鑫汇通：保本高息，年化18%，本息无忧，投资者零风险！', when='2026-11-12')
    w.plant('C06', org, '承诺保本保息（文本 %d）' % n)
    w.plant('H14', org, '“保本高息”宣传')
    w.plant('H11', org, '“零风险”')
    # An honest neighbour: the same three hops end at unrelated suppliers.
    good = w.good = platform(w, '上海明达网络借贷信息中介服务有限公司')
    base_book(w, good, 60, 10 * WAN)                              # a larger book: one loan more is no expansion
    keeper = w.client('上海明达实业有限公司', '企业')
    w.holds(keeper, '上海明达实业有限公司', good, 100)
    maker = w.client('昆山永丰模具有限公司', '企业', prov='江苏')
    mill = w.client('常州大成塑料有限公司', '企业', prov='江苏')
    port = w.client('宁波港湾物流有限公司', '企业', prov='浙江')
    for c in (maker, mill, port):
        w.holds('C-IND' + c[-2:], '独立股东', c, 100)
    make_loan(w, good, maker, 60 * WAN, '2026-11-03', 6, 9.0, split(60 * WAN, w.lenders[40:46]))
    w.flow(at('2026-11-03', 15, 30), a[maker], a[mill], 50 * WAN, '原料款')
    w.flow(at('2026-11-04', 11), a[mill], a[port], 20 * WAN, '运费')
    w.plant('C04', good, '同样三跳，但资金流向无关联供应商', False)
    w.plant('B13', good, '余额平稳', False)


def many_payments(w, who, count, d, shop, first_hour=8):
    for i in range(count):
        w.flow((day(d), first_hour * 3600 + i * 600), w.account_of[who], shop, 1000 + i, '充值', channel='手机')


def daily_thresholds(w):
    d = '2026-11-18'
    shop = w.account(w.client('广州顺联网络游戏有限公司', '企业', account=False, prov='广东'), '客户')
    for count, hit in ((49, False), (50, True), (51, True)):
        who = w.client('高频用户%s' % '甲乙丙'[count - 49], prov='广东')
        many_payments(w, who, count, d, shop)
        w.plant('B12', who, '单日 %d 笔' % count, hit)
    night = w.client('跨夜用户', prov='广东')
    for i in range(30):
        w.flow((day('2026-11-17'), 23 * 3600 + 100 * i), w.account_of[night], shop, 700 + i, '充值', channel='手机')
        w.flow((day('2026-11-18'), 60 + 100 * i), w.account_of[night], shop, 800 + i, '充值', channel='手机')
    w.plant('B12', night, '跨午夜 60 笔，自然日各 30 笔；滑动 24 小时口径才命中', False)

    other = [w.client('对手方%d' % i) for i in range(6)]
    cases = [('单日恰好 50000 元未复核', True, [5000000], False), ('单日 49999.99 元', False, [4999999], False),
             ('单日 80000 元已复核', False, [8000000], True), ('两笔 25000 元未复核', True, [2500000, 2500000], False)]
    for note, hit, amounts, review in cases:
        who = w.client('大额客户' + note[-6:])
        # one receiver per payment, so that only the payer's side reaches the line
        for i, fen in enumerate(amounts):
            to = w.client('收款方%d' % w.next('payee')) if len(amounts) > 1 or hit else other[review]
            w.flow(at(d, 10 + i), w.account_of[who], w.account_of[to], fen, '转账', review=review)
            if hit and len(amounts) == 1:
                w.plant('B14', to, '收款侧：' + note)
        w.plant('B14', who, note, hit)
    both = w.client('一进一出客户')
    w.flow(at(d, 10), w.account_of[w.client('付款方一')], w.account_of[both], 3000000, '转账', review=False)
    w.flow(at(d, 16), w.account_of[both], w.account_of[w.client('收款方末')], 3000000, '转账', review=False)
    w.plant('B14', both, '流入 30000、流出 30000：单边均不足', False)


def balances(w):
    for name, extra, hit, note in (('杭州恒裕网络借贷信息中介服务有限公司', 12000000 * 10, True, '一周恰好 +30.0%'),
                                   ('杭州同裕网络借贷信息中介服务有限公司', 11960000 * 10, False, '一周 +29.9%')):
        org = platform(w, name, '浙江', '杭州')
        base_book(w, org, 40, 10 * WAN)
        left = extra
        i = 0
        while left > 0:
            fen = min(10 * WAN, left)
            make_loan(w, org, w.borrowers[40 + i], fen, day('2026-11-16') + dt.timedelta(days=i % 5), 12, 9.0,
                      split(fen, w.lenders[i:i + 4]))
            left -= fen
            i += 1
        w.plant('B13', org, note, hit)
    org = platform(w, '杭州初航网络借贷信息中介服务有限公司', '浙江', '杭州', est='2026-10-08')
    make_loan(w, org, w.borrowers[60], 5 * WAN, '2026-11-18', 12, 9.0, split(5 * WAN, w.lenders[:3]))
    w.plant('B13', org, '新设平台由 0 增至 5 万：没有基数，不能算增速', False)


def rates(w):
    org = w.rate_org = platform(w, '深圳速银网络借贷信息中介服务有限公司', '广东', '深圳')
    base_book(w, org, 40, 10 * WAN)
    lenders = w.lenders[10:14]
    no = make_loan(w, org, w.borrowers[70], 8 * WAN, '2026-11-09', 12, 36.0, split(8 * WAN, lenders))
    w.plant('B15', no, '名义利率 36%')
    no = make_loan(w, org, w.borrowers[71], 8 * WAN, '2026-11-10', 12, 9.9, split(8 * WAN, lenders), fee_pct=8)
    w.plant('B15', no, '宣传 9.9%，砍头息 8%，综合年化约 20%')
    no = make_loan(w, org, w.borrowers[72], 8 * WAN, '2026-11-10', 12, 10.8, split(8 * WAN, lenders))
    w.plant('B15', no, '名义 10.8%，按月付息，实际约 11.4%，未过四倍', False)
    org = platform(w, '深圳民信网络借贷信息中介服务有限公司', '广东', '深圳')
    base_book(w, org, 25, 10 * WAN)
    for i, (fen, hit) in enumerate(((20 * WAN, False), (20 * WAN + 100, True))):
        b = w.client('借款人%s' % '子丑'[i], prov='广东')
        make_loan(w, org, b, fen, '2026-11-05', 12, 9.0, split(fen, w.lenders[20:25]))
        w.plant('B26', b, '同一平台余额 %s 元' % yuan(fen), hit)
    many = w.client('多头借款人', prov='广东')
    for i in range(6):
        make_loan(w, [org, w.rate_org][i % 2], many, int(9.5 * WAN), '2026-10-%02d' % (12 + i), 12, 9.0, split(int(9.5 * WAN), w.lenders[30:34]))
    w.plant('B26', many, '两家平台各 28.5 万元')


def custody(w):
    org = platform(w, '武汉金穗贷网络借贷信息中介服务有限公司', '湖北', '武汉', custody=None)
    pool = w.account(org, '客户资金', org=org, used_for='出借人充值', bank='B02', opening=100 * WAN)
    w.custody[org] = pool
    base_book(w, org, 20, 10 * WAN)
    make_loan(w, org, w.borrowers[80], 9 * WAN, '2026-11-04', 12, 9.0, split(9 * WAN, w.lenders[5:9]))
    w.plant('C16', org, '没有存管账户，客户资金进平台自开账户')
    w.plant('C02', org, '放款由平台自开账户付出')
    w.plant('C01', org, '存管之外的客户资金过夜留存')
    org = platform(w, '武汉江汉贷网络借贷信息中介服务有限公司', '湖北', '武汉', custody='B14')
    base_book(w, org, 20, 10 * WAN)
    w.bank_off_list = org
    w.plant('C16', org, '存管银行不在名单上')
    org = platform(w, '武汉长信网络借贷信息中介服务有限公司', '湖北', '武汉', custody='B03')
    base_book(w, org, 20, 10 * WAN)
    w.clean = org
    w.plant('C16', org, '存管合规', False)
    org = platform(w, '合肥徽诚网络借贷信息中介服务有限公司', '安徽', '合肥')
    base_book(w, org, 20, 10 * WAN)
    w.recon_gap[org, day('2026-11-12')] = 1250000
    w.recon_missing.add((org, day('2026-11-17')))
    w.plant('C17', org, '11-12 对账差额 12,500.00 元；11-17 缺银行流水')
    # client money leaves custody for a related firm without any instruction
    org = platform(w, '合肥皖江网络借贷信息中介服务有限公司', '安徽', '合肥')
    base_book(w, org, 20, 10 * WAN)
    sister = w.client('合肥皖江置业有限公司', '企业', prov='安徽')
    w.holds('C-WJ', '皖江集团', org, 70)
    w.holds('C-WJ', '皖江集团', sister, 90)
    w.flow(at('2026-11-11', 11), w.custody[org], w.account_of[sister], 30 * WAN, '往来款', org)
    w.misused = org
    w.plant('M10', org, '股东名册只报 70%')
    w.plant('C18', org, '存管账户无指令转出 30 万元至关联置业公司')
    w.plant('C15', org, '客户资金与关联方资金混同')


def pools_and_lending(w):
    org = platform(w, '南京聚宝盆网络借贷信息中介服务有限公司', '江苏', '南京')
    base_book(w, org, 10, 10 * WAN)
    pool = w.own[org]
    s = Stream('pool')
    senders = [w.client(s.person_name(), prov='江苏') for _ in range(40)]
    takers = [w.client(s.person_name(), prov='江苏') for _ in range(25)]
    for i, c in enumerate(senders):
        w.flow((LAST - dt.timedelta(days=20 - i % 18), 10 * 3600 + i * 30), w.account_of[c], pool, 100000 * (5 + i % 9), '理财认购', org)
    for i, c in enumerate(takers):
        w.flow((LAST - dt.timedelta(days=18 - i % 18), 15 * 3600 + i * 30), pool, w.account_of[c], 100000 * (6 + i % 11), '兑付', org)
    w.pool_org = org
    w.plant('C01', org, '自有账户 %s 归集 40 人资金、向 25 人支付，无标的对应' % pool)
    w.plant('C15', org, '客户资金进入自有账户')
    w.plant('C16', org, '大部分客户资金不经存管')
    org = platform(w, '南京速贷通网络借贷信息中介服务有限公司', '江苏', '南京')
    base_book(w, org, 10, 10 * WAN)
    make_loan(w, org, w.borrowers[90], 5 * WAN, '2026-11-10', 6, 9.0, [], payer=w.own[org], funding_flows=False)
    w.plant('C02', org, '用自有账户直接放贷')
    w.plant('C16', org, '放贷资金不经存管')
    org = platform(w, '济南泉城贷网络借贷信息中介服务有限公司', '山东', '济南')
    base_book(w, org, 15, 10 * WAN)
    ghost = w.client('虚构借款人', prov='山东', token='ID-DUP-1')
    w.client('虚构借款人二', prov='山东', token='ID-DUP-1')
    no = make_loan(w, org, ghost, 9 * WAN, '2026-11-05', 6, 9.0, split(9 * WAN, w.lenders[3:8]), disbursed=False)
    w.plant('C10', no, '满标后从未放款，借款人证件重复')
    org = platform(w, '济南齐鲁网络借贷信息中介服务有限公司', '山东', '济南')
    base_book(w, org, 15, 10 * WAN)
    w.add('supervisory_act', act_no='ACT001', org_id=org, act_type='暂停新业务', done_at='2026-11-01 10:00:00+08', note='责令暂停新发标的')
    no = make_loan(w, org, w.borrowers[91], 8 * WAN, '2026-11-11', 6, 9.0, split(8 * WAN, w.lenders[3:8]))
    w.suspended = org
    w.plant('C26', org, '暂停令之后仍发新标 %s' % no)
    w.plant('K05', org, '暂停令之后仍开展新业务')
    org = platform(w, '郑州中原网络借贷信息中介服务有限公司', '河南', '郑州', state='已退出')
    base_book(w, org, 12, 10 * WAN)
    w.plant('C31', org, '已退出但仍有未结清标的')
    org = platform(w, '郑州速融通信息服务有限公司', '河南', '郑州', filed=False, scope='网络技术服务；信息咨询')
    base_book(w, org, 12, 10 * WAN)
    w.plant('C28', org, '从事网贷撮合但未备案')
    w.plant('F01', org, '无资质从事网贷')
    org = platform(w, '厦门鹭岛网络借贷信息中介服务有限公司', '福建', '厦门')
    base_book(w, org, 12, 10 * WAN)
    b = w.client('购房人林某', prov='福建')
    no = make_loan(w, org, b, 18 * WAN, '2026-11-02', 12, 9.0, split(18 * WAN, w.lenders[11:16]), purpose='首付', is_property=True)
    dev = w.client('厦门海岸房地产开发有限公司', '企业', prov='福建')
    w.flow(at('2026-11-03', 10), w.account_of[b], w.account_of[dev], 18 * WAN, '购房款')
    ad(w, org, '首付贷：买房零首付，最快当天放款')
    w.plant('C21', org, '首付贷：标的 %s 次日付给开发商' % no)
    w.plant('C19', org, '涉房融资')


    w.add('marketing', act_no=w.next('marketing'), org_id=org, mode='线下', activity='推介', held_on='2026-11-07', prov='福建', place='楼盘售楼处')
    w.plant('C12', org, '在售楼处线下推介')
    w.add('marketing', act_no=w.next('marketing'), org_id=w.rate_org, mode='线下', activity='信用信息采集', held_on='2026-11-09', prov='广东', place='借款人住所')
    w.plant('C12', w.rate_org, '线下采集信用信息是允许的', False)


def terms(w):
    org = platform(w, '西安秦信网络借贷信息中介服务有限公司', '陕西', '西安')
    base_book(w, org, 12, 10 * WAN)
    no = '%s-T01' % org.replace('O', 'BD')
    lenders = w.lenders[16:20]
    for k in range(3):
        w.add('product', prod_id='CP-QX%d' % k, org_id=org, line='P2P', issuer_id=org, prod_name='秦信月月赢第%d期' % (k + 1), offering='公募',
              risk_grade=2, promised_pct=7.2, principal_guaranteed=False, term_days=61, reg_no='DJ-QX%d' % k, is_public_fund=False,
              risk_disclosed=True, suits_disclosed=True, start_date='2026-%02d-05' % (6 + 2 * k))
    make_loan(w, org, w.borrowers[95], 12 * WAN, '2026-06-05', 12, 9.0, [], loan_no=no)
    for k in range(3):
        for who, part in split(12 * WAN, lenders):
            w.add('creditor_right', lender_id=who, loan_no=no, prod_id='CP-QX%d' % k, amount=yuan(part),
                  from_date=day('2026-%02d-05' % (6 + 2 * k)), to_date=day('2026-%02d-05' % (8 + 2 * k)))
    w.split_org = org
    w.plant('C07', org, '债权 61 天，标的 12 个月')
    w.plant('C08', org, '一个标的由三期两个月产品接续')
    w.plant('C07', w.rate_org, '债权期限与标的一致', False)


def payment(w):
    def pay(name, reserve_bank='B00', interest=False, licensed=True, prov='上海', city='上海', rating='A', paid_wan=20000, **more):
        org = w.org(name, '互联网支付；银行卡收单' + SCOPE_TAIL, prov, city, line='PAY', fin=licensed, paid_wan=paid_wan,
                    licensed='PAY' if licensed else None, rating=rating, **more)
        w.custody[org] = w.account(org, '备付金', org=org, bank=reserve_bank, used_for='客户备付金', interest=interest, opening=500 * WAN)
        w.own[org] = w.account(org, '自有', org=org, used_for='基本账户', opening=300 * WAN)
        w.officer(org, Stream('officer' + org).person_name())
        w.payers.append(org)
        return org
    w.make_payment = pay
    pay('上海捷付支付有限公司')
    w.plant('G02', w.payers[-1], '备付金存人民银行', False)
    org = pay('天津海河支付有限公司', reserve_bank='B15', prov='天津', city='天津')
    w.plant('G02', org, '备付金存在不合格银行')
    w.short_reserve = org
    w.plant('B19', org, '没有备付金集中存管')
    org = pay('重庆山城支付有限公司', interest=True, prov='重庆', city='重庆')
    w.interest_org = org
    w.plant('G03', org, '备付金账户计息')
    org = pay('成都蜀付支付有限公司', prov='四川', city='成都')
    w.direct_clearing = org
    s = Stream('direct')
    for i in range(30):
        a = w.client(s.person_name(), prov='四川')
        w.flow((LAST - dt.timedelta(days=i % 10), 12 * 3600 + i), w.account_of[a], w.custody[org], 20000 + i * 100, '收单', org,
               channel='支付', clearing='银行直连')
    w.plant('G05', org, '直连银行变相跨行清算 30 笔')
    w.plant('G06', org, '清算路径“银行直连”')
    org = pay('长沙湘汇通信息技术有限公司', licensed=False, prov='湖南', city='长沙')
    w.plant('G07', org, '无证开展支付业务')
    w.plant('H01', org, '经营范围含“支付”而无许可')
    w.plant('F01', org, '无资质从事支付')
    fund = w.account(w.client('长信货币基金', '企业', account=False), '存管', bank='B01', used_for='基金申赎')
    org = pay('广州羊城支付有限公司', prov='广东', city='广州')
    for i in range(5):
        buyer, shop = w.client('羊城顾客%d' % i, prov='广东'), w.client('羊城商户%d' % i, '企业', prov='广东')
        w.flow(at('2026-11-10', 9 + i), w.account_of[buyer], w.custody[org], 8800 + i, '消费', org, '支付', clearing='网联', order='YC%d' % i)
        w.flow(at('2026-11-10', 9 + i, 1), w.custody[org], w.account_of[shop], 8800 + i, '商户结算', org, '支付', clearing='网联', order='YC%d' % i)
    w.flow(at('2026-11-13', 9), w.custody[org], fund, 40 * WAN, '垫付基金赎回', org)
    w.plant('E17', org, '备付金垫付基金赎回 40 万元')
    w.plant('G01', org, '备付金无客户指令转出 40 万元')


def product(w, prod, org, line, name, **more):
    row = dict(prod_id=prod, org_id=org, line=line, issuer_id=org, prod_name=name, offering='公募', risk_grade=2, promised_pct=None,
               actual_pct=3.0, principal_guaranteed=False, term_days=365, reg_no='DJ-' + prod, is_public_fund=False,
               risk_disclosed=True, suits_disclosed=True, start_date='2026-03-01')
    row.update(more)
    w.add('product', **row)
    return prod


def holder(w, who, prod, fen, bought='2026-10-15', channel='官网'):
    w.add('product_holder', investor_id=who, prod_id=prod, amount=yuan(fen), bought_on=bought, as_of=LAST, channel=channel)


def sales(w):
    ins = firm(w, '北京安康人寿保险股份有限公司', '互联网保险；人寿保险', '北京', '北京', line='INS', fin=True, licensed='INS', paid_wan=200000)
    for i, (rate, audio, video, keep, code, hit, note) in enumerate((
            (5.0, False, False, '2037-01-01', 'B21', False, '收益率恰好 5%：不必双录'),
            (5.01, False, False, '2037-01-01', 'B21', True, '收益率 5.01% 无双录'),
            (6.0, True, True, '2037-01-01', 'B21', False, '收益率 6% 已双录'),
            (6.0, True, False, '2037-01-01', 'B21', True, '只有录音'),
            (5.5, True, True, '2036-11-05', 'B22', True, '保存差一天满十年'),
            (5.5, True, True, '2036-11-06', 'B22', False, '恰好保存十年'))):
        who = w.client('投保人%d' % (i + 1), prov='北京')
        p = product(w, 'BX-%d' % i, ins, 'INS', '安康理财型两全保险%d号' % (i + 1), promised_pct=rate, term_days=1825)
        holder(w, who, p, 5 * WAN, '2026-11-06')
        w.add('dual_record', sale_no='XS-%d' % i, prod_id=p, client_id=who, sold_at='2026-11-06 10:00:00+08',
              audio_file='a%d.wav' % i if audio else None, video_file='v%d.mp4' % i if video else None, keep_until=keep)
        w.plant(code, 'XS-%d' % i, note, hit)
    broker = firm(w, '北京易保通网络科技有限公司', '技术开发；技术服务', '北京', '北京', line='INS')
    product(w, 'BX-U', broker, 'INS', '易保互助计划')
    w.plant('E08', broker, '无牌销售保险产品')
    w.plant('H09', broker, '未经准入开展金融业务')
    w.add('cooperation', org_id=ins, partner_id=broker, line='INS', aml_clause=False, from_date='2026-05-01')
    w.plant('E05', ins, '与无资质第三方合作')
    w.plant('I33', ins, '合作协议缺反洗钱条款')
    fund = w.fund_org = firm(w, '上海正源基金销售有限公司', '基金销售', '上海', '上海', line='FUND', fin=True, licensed='FUND', paid_wan=20000)
    p = product(w, 'JJ-H', fund, 'FUND', '正源进取混合', risk_grade=4)
    for cap, hit in ((4, False), (3, True), (5, False)):
        who = w.client('基金投资者%d级' % cap, risk_cap=cap)
        holder(w, who, p, 3 * WAN)
        w.plant('E19', who, '产品 R4，客户 C%d' % cap, hit)
    ad(w, fund, '正源货币宝：承诺收益不低于4%，随时赎回')
    w.plant('E14', fund, '基金销售承诺收益')
    w.plant('H11', fund, '“承诺收益”')
    a = product(w, 'JJ-T', fund, 'FUND', '正源货币宝')
    b = product(w, 'JJ-V', fund, 'FUND', '正源增值服务包')
    c = product(w, 'JJ-W', fund, 'FUND', '正源稳健债券')
    for i in range(12):
        who = w.client('搭售客户%d' % (i + 1))
        holder(w, who, a, 2 * WAN, '2026-11-09')
        holder(w, who, b, 10000, '2026-11-09')
        if i < 9:
            holder(w, who, c, 2 * WAN, '2026-11-09')
    for i in range(12):
        holder(w, w.client('单购客户%d' % (i + 1)), c if i < 9 else b, 2 * WAN, '2026-11-09')
    w.plant('H19', a, '十二名客户都被要求同时购买增值服务包')
    w.plant('H19', c, '半数客户另买了别的产品', False)
    p = product(w, 'JJ-N', fund, 'FUND', '正源未登记专享', reg_no=None)
    w.plant('F15', p, '产品未登记')


def products(w):
    am = firm(w, '上海鼎盛资产管理有限公司', '资产管理', '上海', '上海', line='AM', fin=True, licensed='AM', paid_wan=50000)
    w.manager = am
    bottom = product(w, 'ZG-0', am, 'AM', '鼎盛底层一号', offering='私募', risk_grade=4)
    mid = product(w, 'ZG-1', am, 'AM', '鼎盛通道二号', offering='私募', risk_grade=4, parent_prod=bottom)
    top = product(w, 'ZG-2', am, 'AM', '鼎盛稳享三号', offering='公募', risk_grade=2, parent_prod=mid)
    w.plant('F06', top, '三层嵌套')
    w.plant('F04', top, '私募产品拆分后公开销售')
    pub = product(w, 'ZG-P', am, 'AM', '鼎盛公募指数基金', is_public_fund=True)
    fof = product(w, 'ZG-F', am, 'AM', '鼎盛FOF一号', parent_prod=pub)
    product(w, 'ZG-G', am, 'AM', '鼎盛FOF二号', parent_prod=fof)
    w.plant('F06', fof, '投资公募基金不算一层', False)
    who = w.client('普通投资者', qualified=False)
    ok = w.client('合格投资者', qualified=True, risk_cap=5)
    holder(w, who, bottom, 5 * WAN)
    holder(w, ok, bottom, 200 * WAN)
    w.plant('D07', who, '私募卖给非合格投资者')
    w.plant('E19', who, '产品 R4，客户 C3')
    w.plant('D07', ok, '合格投资者', False)
    ad(w, am, '鼎盛底层一号私募产品火热募集中，欢迎广大市民认购', channel='电梯广告')
    w.plant('H14', am, '私募产品广告没有风险提示')
    w.plant('D08', am, '私募产品公开宣传')
    # 201 and 200 investors through two channels
    ec = firm(w, '杭州众筹客网络科技有限公司', '股权众筹融资', '浙江', '杭州', line='EC', fin=True, licensed='EC')
    s = Stream('investors')
    people = [w.client(s.person_name(), prov='浙江', qualified=True) for _ in range(201)]
    brewer = w.client('杭州湖畔咖啡连锁有限公司', '企业', prov='浙江')
    w.holds(w.client('钱一帆', prov='浙江'), '钱一帆', ec, 80)
    w.holds(ec, '杭州众筹客网络科技有限公司', brewer, 20)       # a minority: no related party
    for tag, count, hit in (('A', 201, True), ('B', 200, False)):
        under = product(w, 'ZC-%s' % tag, ec, 'EC', '咖啡连锁股权项目%s' % tag, offering='私募', issuer_id=brewer)
        x = product(w, 'ZC-%s1' % tag, ec, 'EC', '咖啡持股计划%s一' % tag, offering='私募', issuer_id=brewer, parent_prod=under)
        y = product(w, 'ZC-%s2' % tag, ec, 'EC', '咖啡持股计划%s二' % tag, offering='私募', issuer_id=brewer, parent_prod=under)
        for i in range(count):
            holder(w, people[i], x if i < 110 else y, 100000)
        holder(w, people[0], y, 100000)                       # one person, both channels: counts once
        w.plant('D09', under, '穿透后 %d 人' % count, hit)
        w.plant('D02', x, '发行人只被平台少数持股', False)
    issuer = w.client('杭州客众餐饮管理有限公司', '企业', prov='浙江')
    w.holds(ec, '杭州众筹客网络科技有限公司', issuer, 60)
    p = product(w, 'ZC-S', ec, 'EC', '客众餐饮扩店项目', offering='私募', issuer_id=issuer)
    w.plant('D02', p, '发行人为平台子公司')
    # cross-holdings: two firms hold 30 % of each other, one person the rest of both
    a = w.client('南昌甲元实业有限公司', '企业', prov='湖南')
    b = w.client('南昌乙亨实业有限公司', '企业', prov='湖南')
    p = w.client('程远航', prov='湖南')
    w.holds(b, '南昌乙亨实业有限公司', a, 30)
    w.holds(p, '程远航', a, 70)
    w.holds(a, '南昌甲元实业有限公司', b, 30)
    w.holds(p, '程远航', b, 70)
    w.plant('OWNER', a, '交叉持股：程远航最终持有 100%')
    w.cross = (a, b, p)


def looked_through(w):
    """Products split, money from nobody known, and groups with several licences; last, so that numbers before stay."""
    am = w.manager
    for prod, n, hit in (('ZG-S', 5, True), ('ZG-T', 4, False)):
        core = product(w, prod, am, 'AM', '鼎盛拆分%s号' % prod[-1], offering='私募', risk_grade=3)
        for i in range(n):
            product(w, '%s%d' % (prod, i + 1), am, 'AM', '鼎盛拆分%s%d号' % (prod[-1], i + 1), offering='私募', risk_grade=3, parent_prod=core)
        w.plant('F05', core, '拆分为 %d 只产品' % n, hit)
    known = w.client('已登记投资者', qualified=True, risk_cap=5)
    for prod, part, hit in (('ZG-Q', 101, True), ('ZG-R', 100, False)):
        product(w, prod, am, 'AM', '鼎盛指数增强%s号' % prod[-1], parent_prod='ZG-P')
        holder(w, known, prod, (1000 - part) * WAN)
        holder(w, 'X' + prod, prod, part * WAN)             # in no register
        w.plant('F07', prod, '来源不明 %.1f%%' % (part / 10), hit)
    shop = firm(w, '上海静安物业服务有限公司', '物业管理；会议服务', '上海', '上海')
    for owner, manager, seller, part, hit in (('上海鼎盛控股有限公司', am, '上海鼎盛基金销售有限公司', 101, True),
                                              ('苏州江枫控股有限公司', None, '苏州江枫基金销售有限公司', 100, False)):
        manager = manager or firm(w, '苏州江枫资产管理有限公司', '资产管理', '江苏', '苏州', line='AM', fin=True, licensed='AM', paid_wan=50000)
        sister = firm(w, seller, '基金销售', '上海', '上海', fin=True, licensed='FUND', paid_wan=20000)
        top = w.client(owner, '企业', prov='上海')
        w.holds(top, owner, manager, 60)
        w.holds(top, owner, sister, 70)
        w.flow(at('2026-11-05', 10), w.own[manager], w.own[sister], part * WAN, '转账', manager)
        w.flow(at('2026-11-05', 11), w.own[manager], w.own[shop], (1000 - part) * WAN, '转账', manager)
        w.plant('F08', sister, '向同一关联方支付占比 %.1f%%' % (part / 10), hit)


NAME_CASES = [  # name, province, city, codes that must hit, codes that must not, note, more
    ('深圳汇盈金融信息服务有限公司', '广东', '深圳', 'H01', '', '名称含“金融”', {}),
    ('杭州众易财富管理有限公司', '浙江', '杭州', 'H01', '', '名称含“财富管理”', {}),
    ('广州Ｐ２Ｐ创客空间有限公司', '广东', '广州', 'H01', '', '全角伪装的 P2P', {}),
    ('厦门網貸之友科技有限公司', '福建', '厦门', 'H01', '', '繁体伪装的“网贷”', {}),
    ('南京理·财通信息咨询有限公司', '江苏', '南京', 'H01', '', '分隔符伪装的“理财”', {}),
    ('成都蓉城商品交易中心有限公司', '四川', '成都', 'H01', '', '“交易中心”', {}),
    ('武汉楚天股权投资基金合伙企业', '湖北', '武汉', 'H01', '', '“股权投资基金”', {}),
    ('北京盛世远航投资有限公司', '北京', '北京', 'H03', '', '北京名单“投资”', {}),
    ('上海盛世远航投资有限公司', '上海', '上海', '', 'H01 H03', '“投资”只在北京名单上', {}),
    ('北京众筹空间文化有限公司', '北京', '北京', 'H03', '', '北京名单“众筹”', {}),
    ('广州众筹空间文化有限公司', '广东', '广州', '', 'H01 H03', '全国名单只有“股权众筹”', {}),
    ('北京鼎力融资租赁有限公司', '北京', '北京', 'H03', '', '北京名单“融资租赁”', {}),
    ('北京金融街物业管理有限公司', '北京', '北京', '', 'H01 H03', '金融街是地名', {}),
    ('北京市春苗儿童慈善基金会', '北京', '北京', '', 'H01 H03', '基金会', {'kind': '社会组织', 'scope': '资助贫困儿童；救灾捐助'}),
    ('爱佑阳光慈善基金会', '广东', '深圳', '', 'H01', '基金会', {'kind': '社会组织', 'scope': '扶贫济困；公益资助'}),
    ('上海华信基金管理有限公司', '上海', '上海', '', 'H01', '持牌基金公司', {'line': 'FUND', 'fin': True, 'licensed': 'FUND'}),
    ('广州瑞和基金管理有限公司', '广东', '广州', 'H01', '', '许可已于 2025 年到期', {'licensed': 'FUND', 'lic_to': '2025-12-31'}),
    ('苏州尚品家居有限公司', '江苏', '南京', 'H01', '', '经营范围含“股权投资基金”', {'scope': '家居用品销售；股权投资基金咨询'}),
    ('西安长安信息咨询有限公司', '陕西', '西安', '', 'H01', '除外条款“不得从事金融、理财业务”',
     {'scope': '经济信息咨询（不得从事金融、理财、网络借贷业务）；会议服务'}),
    ('合肥庐州企业管理有限公司', '安徽', '合肥', '', 'H01', '“未经批准不得从事吸收存款、融资担保、代客理财等金融业务”',
     {'scope': '企业管理咨询（未经金融监管部门批准，不得从事吸收存款、融资担保、代客理财等金融业务）'}),
    ('重庆嘉陵商贸有限公司', '重庆', '重庆', '', 'H01', '“不含金融业务”', {'scope': '商务信息咨询（不含金融业务）；销售日用品'}),
    ('天津滨海蔬菜有限公司', '天津', '天津', '', 'H01', '普通企业', {}),
]


def names(w):
    for name, prov, city, hits, misses, note, more in NAME_CASES:
        more = dict(more)
        scope = more.pop('scope', '商务信息服务；会议及展览服务') + SCOPE_TAIL
        org = w.org(name, scope, prov, city, **more)
        for code in hits.split():
            w.plant(code, org, note)
        for code in misses.split():
            w.plant(code, org, note, False)

    def event(org, kind, name, scope, when, approval=None):
        w.add('name_event', event_no=w.next('event'), org_id=org, event_type=kind, event_date=when, new_name=name, new_scope=scope,
              approval_no=approval)
    def registered(name, scope, prov, city, when, kind='设立', approval=None, **more):
        org = w.org(name, scope, prov, city, est=when if kind == '设立' else '2017-03-02', **more)
        event(org, kind, name, scope, when, approval)
        return org
    org = registered('北京宏图控股集团有限公司', '企业管理', '北京', '北京', '2026-11-09')
    w.plant('H04', org, '新设名称含“控股”')
    org = w.org('北京市朝阳区老李资产清洁服务部', '保洁服务', '北京', '北京', kind='个体工商户', est='2026-11-10')
    event(org, '设立', '北京市朝阳区老李资产清洁服务部', '保洁服务', '2026-11-10')
    w.plant('H04', org, '个体工商户名称含“资产”')
    org = registered('上海宏图控股集团有限公司', '企业管理', '上海', '上海', '2026-11-09')
    w.plant('H04', org, '北京以外不适用冻结名单', False)
    org = registered('北京远山文化有限公司', '组织文化艺术交流活动；投资咨询；会议服务', '北京', '北京', '2026-11-11', '范围变更')
    w.plant('H05', org, '新增经营项目“投资咨询”')
    w.plant('H03', org, '经营范围含“投资”')
    org = registered('北京远海文化有限公司', '组织文化艺术交流活动；会议服务', '北京', '北京', '2026-11-11', '范围变更')
    w.plant('H05', org, '普通变更', False)
    org = registered('北京汇通财富管理有限公司', '企业管理', '北京', '北京', '2026-11-05', '迁入', move_in='2026-11-05')
    w.plant('H06', org, '未经批准迁入')
    w.plant('H03', org, '迁入企业名称含“财富管理”')
    w.plant('H01', org, '“财富管理”也在全国名单上')
    org = registered('北京安泰资本管理有限公司', '资本管理', '北京', '北京', '2026-11-06', '迁入', approval='京金审2026-18',
                     move_in='2026-11-06', move_in_approval='京金审2026-18', line='AM', fin=True, licensed='AM')
    w.plant('H06', org, '经批准迁入', False)
    org = w.org('杭州旧时理财咨询有限公司', '商务信息咨询', '浙江', '杭州', est='2009-06-18')
    w.plant('H07', org, '2009 年登记的存量企业，名称含“理财”')
    w.plant('H01', org, '存量企业也在名单内')
    w.plant('H02', org, '2009 年登记时还没有名单', False)
    org = w.org('杭州新晋理财咨询有限公司', '商务信息咨询', '浙江', '杭州', est='2018-06-18')
    w.plant('H07', org, '限用词生效后登记，不是存量', False)
    w.plant('H02', org, '2018 年登记时全国名单的版本含“理财”')
    w.plant('H01', org, '名称含“理财”')
    org = firm(w, '宁波聚宝投资咨询有限公司', '投资咨询', '浙江', '杭州', line='AM')
    product(w, 'TZ-1', org, 'AM', '聚宝一年期', promised_pct=4.0)
    w.plant('H20', org, '以投资咨询名义发行产品而无许可')
    w.plant('H09', org, '未经准入发行资管产品')
    org = w.org('宁波静水投资咨询有限公司', '投资咨询', '浙江', '杭州')
    w.plant('H20', org, '只有名称，没有金融活动', False)
    org = w.org('厦门元宇宙区块链科技有限公司', '技术开发；区块链技术服务', '福建', '厦门')
    w.plant('H16', org, '名称含“元宇宙”“区块链”')
    org = w.org('厦门乐购消费返利电子商务有限公司', '互联网销售', '福建', '厦门')
    w.plant('H16', org, '“消费返利”')


def advertisements(w):
    tech = w.juneng = w.org('深圳聚能网络科技有限公司', '软件开发；技术服务' + SCOPE_TAIL, '广东', '深圳')
    ad(w, tech, '聚能理财：年化12%，保本保息，随存随取', channel='朋友圈')
    w.plant('H12', tech, '无牌发布理财广告')
    w.plant('H14', tech, '保本保息')
    w.plant('H11', tech, '“随存随取”')
    tech = w.org('成都优学教育咨询有限公司', '教育信息咨询' + SCOPE_TAIL, '四川', '成都')
    ad(w, tech, '校园网贷，凭学生证秒批，分期购机', channel='校园海报')
    w.plant('H12', tech, '无牌发布网贷广告')
    cafe = w.cafe = w.org('北京午后咖啡有限公司', '餐饮服务' + SCOPE_TAIL, '北京', '北京')
    ad(w, cafe, '金融街店盛大开业，全场八折', channel='微博')
    w.plant('H12', cafe, '“金融街”是地名', False)
    toy = w.org('深圳童心玩具有限公司', '玩具销售' + SCOPE_TAIL, '广东', '深圳')
    ad(w, toy, '每卖出一件，向春苗儿童基金会捐赠一元', channel='微博')
    w.plant('H12', toy, '“基金会”公益宣传', False)
    plain = w.org('杭州山野茶业有限公司', '茶叶销售' + SCOPE_TAIL, '浙江', '杭州')
    ad(w, plain, '明前龙井，新茶上市', channel='微博')
    w.plant('H12', plain, '普通广告', False)
    bank = w.org('上海浦江银行股份有限公司', '吸收存款；发放贷款；代销基金' + SCOPE_TAIL, '上海', '上海', line='BANK', fin=True, licensed='BANK', paid_wan=500000)
    ad(w, bank, '浦江银行理财产品，投资有风险，详情请见产品说明书（风险等级R2）', channel='官网')
    w.plant('H12', bank, '银行的理财广告', False)
    w.plant('H14', bank, '理财产品旁有风险提示', False)
    ad(w, w.fund_org, '正源代销互联网保险，三天内到账', channel='官网')
    w.plant('H13', w.fund_org, '广告内容超出许可范围（保险）')
    site = w.org('西安汇才网络科技有限公司', '网络技术服务' + SCOPE_TAIL, '陕西', '西安', line='P2P', icp=False)
    ad(w, site, '汇才网贷，借贷双方在线撮合', channel='网站')
    w.plant('H17', site, '金融网站无 ICP 备案')
    w.plant('C28', site, '撮合借贷而未备案')
    w.plant('H12', site, '无牌发布网贷广告')


def typologies(w):
    s = Stream('typologies')
    def people(n, tag):
        return [w.client(s.person_name(), prov='广东') for _ in range(n)]
    a = w.account_of
    ring = w.ring = people(4, 'ring')
    for i in range(4):
        w.flow(at('2026-11-0%d' % (6 + i), 11), a[ring[i]], a[ring[(i + 1) % 4]], 4900000 - 50000 * i, '借款')
    w.plant('I05', ring[0], '四人资金回环，保留 97%')
    ring = people(3, 'slow')
    for i in range(3):
        w.flow(at('2026-%02d-06' % (9 + i), 11), a[ring[i]], a[ring[(i + 1) % 3]], [300000, 60000, 4000][i], '转账')
    w.plant('I05', ring[0], '两个月间偶然成环，金额不相当', False)
    w.plant('B32', ring[0], '两个月间偶然成环，金额不相当', False)
    w.plant('B32', w.ring[0], '四人资金回环')
    cut = people(1, 'cut')[0]
    target = people(1, 'target')[0]
    for i in range(6):
        w.flow(at('2026-11-%02d' % (12 + i % 3), 9 + i), a[cut], a[target], 4700000 + 45000 * i, '转账')
    w.plant('B32', cut, '化整为零：三日内 6 笔 4.7 至 4.93 万元')
    rent = people(1, 'rent')[0]
    for i in range(3):
        w.flow(at('2026-%02d-01' % (9 + i), 9), a[rent], a[target], 4800000, '房租')
    w.plant('B32', rent, '每月固定房租', False)
    mule = people(1, 'mule')[0]
    src = people(5, 'src')
    dst = people(3, 'dst')
    for i, c in enumerate(src):
        w.flow(at('2026-11-16', 10, i * 3), a[c], a[mule], 3000000, '转账')
    for i, c in enumerate(dst):
        w.flow(at('2026-11-16', 10, 30 + i), a[mule], a[c], 4980000, '转账')
    w.plant('I06', mule, '快进快出：流入 15 万，半小时内转出 99.6%')
    w.plant('B32', mule, '快进快出')
    saver = people(1, 'saver')[0]
    for i, c in enumerate(src):
        w.flow(at('2026-11-13', 10, i * 3), a[c], a[saver], 900000, '转账')
    w.flow(at('2026-11-19', 10), a[saver], a[dst[0]], 1500000, '转账')
    w.plant('I06', saver, '流入后大部分留存', False)
    w.plant('B32', saver, '流入后大部分留存', False)
    head, tail = people(1, 'head')[0], people(1, 'tail')[0]
    for i, c in enumerate(people(8, 'mid')):
        w.flow(at('2026-11-17', 9, i), a[head], a[c], 1200000, '转账')
        w.flow(at('2026-11-17', 14, i), a[c], a[tail], 1190000, '转账')
    w.plant('I05', head, '分散转入集中转出（8 人）')
    top = w.client('传销上线', prov='湖南')
    level = [top]
    for depth in range(4):
        nxt = []
        for p in level:
            for k in range(2):
                c = w.client(s.person_name(), prov='湖南', referrer=p)
                w.flow(at('2026-10-%02d' % (12 + depth), 10, k), a[c], a[p], 300000, '入会费')
                nxt.append(c)
        level = nxt
    w.plant('I07', top, '推荐层级 4 层')
    coin = w.client('币商何某', prov='广东')
    w.add('blacklist', subject_id=coin, subject_name='币商何某', reason='虚拟货币场外交易', from_date='2026-01-01')
    buyer = people(1, 'coin')[0]
    w.flow(at('2026-11-14', 20), a[buyer], a[coin], 880000, 'USDT')
    w.plant('I23', buyer, '向名单内虚拟货币商付款')
    unknown = w.client('未核验用户', checked=False)
    w.add('client_check', client_id=unknown, online_ok=True, offline_ok=False, checked_on='2026-08-01')
    w.flow(at('2026-11-15', 12), a[unknown], a[target], 90000, '转账')
    w.plant('I01', unknown, '只做过线上核验')
    charity = w.account(w.client('春苗儿童慈善基金会', '企业', account=False, prov='北京'), '客户')
    for i in range(45):
        w.flow(at('2026-11-1%d' % (i % 9), 9 + i % 10, i), w.account_of[w.lenders[i]], charity, 10000, '捐款')
    w.plant('I05', w.owner[charity], '众多小额捐款是正常的扇入', False)


def entry_and_people(w):
    org = platform(w, '成都锦官网络借贷信息中介服务有限公司', '四川', '成都')
    base_book(w, org, 12, 10 * WAN)
    p = w.officer(org, '贾永禁', '总经理', ban_from='2025-06-01')
    w.plant('J09', p, '终身禁业人员任总经理')
    w.plant('J10', w.officer(org, '白无质', '副总经理', qualified=False), '高管无任职资格')
    org = platform(w, '长沙岳麓网络借贷信息中介服务有限公司', '湖南', '长沙')
    base_book(w, org, 12, 10 * WAN)
    bad = w.client('失信人屠某', prov='湖南')
    w.add('blacklist', subject_id=bad, subject_name='失信人屠某', reason='非法集资前科', from_date='2023-01-01')
    mid = w.client('长沙屠氏控股有限公司', '企业', prov='湖南')
    w.holds(bad, '失信人屠某', mid, 90)
    w.holds(mid, '长沙屠氏控股有限公司', org, 80)
    w.holds('C-YLQT', '岳麓其他股东', org, 20)
    w.plant('J13', org, '实际控制人在黑名单上（两层）')
    org = platform(w, '广州越秀网络借贷信息中介服务有限公司', '广东', '广州', op_provs='广东,湖南,四川')
    base_book(w, org, 20, 10 * WAN)
    w.plant('M22', org, '跨三省经营')
    zombie = w.zombie = platform(w, '济南空壳网络借贷信息中介服务有限公司', '山东', '济南', staff=0)
    w.quiet.add(zombie)
    w.plant('I22', zombie, '存续但无业务、无报送、无人员')
    micro = w.micro = w.org('重庆小牛小额贷款有限公司', '发放贷款' + SCOPE_TAIL, '重庆', '重庆', line='AM', paid_wan=800)
    w.own[micro] = w.account(micro, '自有', org=micro)
    w.plant('I24', micro, '无许可放贷')
    no = make_loan(w, micro, w.borrowers[110], 5 * WAN, '2026-11-05', 6, 30.0, [], funding_flows=False, payer=w.own[micro], pay_in=w.own[micro])
    w.plant('B15', no, '名义利率 30%')


def feeds(w):
    org = platform(w, '天津渤海网络借贷信息中介服务有限公司', '天津', '天津')
    base_book(w, org, 12, 10 * WAN)
    for d, fault, note in (('2026-11-17', 'late', 'T+3 才到'), ('2026-11-18', 'missing', '未报送'), ('2026-11-19', 'invalid', '格式校验失败'),
                           ('2026-11-16', 'edge', 'T+1 当日 23:59 到，准时')):
        w.feed_fault[org, day(d)] = fault
        w.plant('M01', '%s %s' % (org, d), note, fault != 'edge')
    org = platform(w, '重庆两江网络借贷信息中介服务有限公司', '重庆', '重庆')
    base_book(w, org, 12, 10 * WAN)
    s = Stream('complaints')
    for i in range(60):
        d = LAST - dt.timedelta(days=5 + i % 40)
        solved = i % 5 == 0
        w.add('complaint', case_no=w.next('complaint'), org_id=org, received_at='%s 10:00:00+08' % d,
              closed_at='%s 10:00:00+08' % (d + dt.timedelta(days=3)) if solved else None, category=s.pick(['恶意催收', '信息泄露', '无法提现']), channel='12345')
    w.complained = org
    w.plant('B11', org, '60 件投诉仅解决 12 件')
    w.plant('I14', org, '恶意催收投诉集中')
    org = w.low_cash = platform(w, '广州珠江网络借贷信息中介服务有限公司', '广东', '广州')
    base_book(w, org, 12, 10 * WAN)
    w.items[org, 'cash'] = 40 * WAN
    w.add('debt_due', org_id=org, due_date=LAST + dt.timedelta(days=10), amount=yuan(100 * WAN))
    w.plant('B07', org, '现金 40 万，30 天内到期 100 万')
    org = platform(w, '武汉光谷网络借贷信息中介服务有限公司', '湖北', '武汉')
    base_book(w, org, 12, 10 * WAN)
    w.items[org, 'risk_reserve_paid'] = 50 * YUAN                 # income of the month: 24,000 yuan
    w.plant('B20', org, '行业风险准备金计提不足')


def supervision(w):
    """Cases of the rules that sum up others, and of entry."""
    w.plant('B25', w.misused, '被挪用的 30 万元为违法经营数额')
    w.plant('C03', w.juneng, '无牌、公开、承诺回报')
    w.plant('C03', w.cafe, '普通广告', False)
    w.plant('C23', w.pool_org, '四分之一以上的资金进入资金池')
    w.plant('C23', w.red, '四十余个标的中仅一个自保', False)
    w.plant('C24', w.red, '增长快、宣传过度、回报高')
    w.plant('C24', w.pool_org, '有资金池，但无重点检查特征', False)
    w.plant('C25', w.pool_org, '信息中介定位、资金存管两项不合格')
    w.plant('C25', w.clean, '五项均无问题', False)
    w.plant('C27', w.split_org, '期限错配在负面清单上')
    w.plant('C27', w.good, '不在负面清单上', False)
    w.licence(w.split_org, 'AM', valid_from='2026-10-12')
    w.plant('J17', w.split_org, '负面清单机构新获资产管理许可')
    w.plant('J17', w.pool_org, '在负面清单上，但没有新的准入', False)
    w.plant('C29', w.rate_org, '利率、余额两项超限')
    w.plant('M13', w.juneng, '冒烟指数超过 60')
    w.plant('M13', w.cafe, '普通广告', False)
    w.plant('M19', w.complained, '一周内投诉集中且多为无法提现')
    for code in ('J01', 'J02', 'J04'):
        w.plant(code, w.zombie, '从未披露')
        w.plant(code, w.clean, '按月披露', False)
    w.plant('J02', w.micro + ' differs', '披露利率 9%，复算约 35%')
    # the micro-lender belongs to an online shop; another belongs to a mill
    shop = w.client('重庆渝购电子商务有限公司', '企业', prov='重庆')
    w.holds(shop, '重庆渝购电子商务有限公司', w.micro, 70)
    w.holds('C-NB2', '其他股东', w.micro, 30)
    w.plant('C32', w.micro, '电商企业控股的小额贷款公司')
    org = w.org('合肥庐阳小额贷款有限公司', '发放贷款' + SCOPE_TAIL, '安徽', '合肥', paid_wan=20000)
    mill = w.client('合肥庐阳钢铁有限公司', '企业', prov='安徽')
    w.holds(mill, '合肥庐阳钢铁有限公司', org, 100)
    w.plant('C32', org, '钢铁企业控股的小额贷款公司', False)


def market(w):
    """Returns, prospects, leverage, growth, payment institutions."""
    def text(org, n):
        return '%s text:%d@' % (org, n)                           # the finding about that very text
    w.plant('B01', 'ALL', '全行业贷款余额与GDP之比')
    org = platform(w, '南京金陵汇网络借贷信息中介服务有限公司', '江苏', '南京')
    base_book(w, org, 30, 10 * WAN)
    for prod, pct, hit in (('CP-JL18', 18.0, True), ('CP-JL12', 12.0, False)):
        product(w, prod, org, 'P2P', '金陵汇稳盈%g' % pct, promised_pct=pct, actual_pct=None, start_date='2026-09-01')
        w.plant('B29', prod, '承诺 %g%%，四倍基准为 12%%' % pct, hit)
    n = ad(w, org, '金陵汇稳盈：优质项目稳赚不赔，投资零风险', prod='CP-JL18')
    w.plant('C11', text(org, n), '标的说明“稳赚不赔”')
    n = ad(w, org, '金陵汇稳盈十二个月期：资金用于小微企业经营周转，投资有风险，出借需谨慎', prod='CP-JL12')
    w.plant('C11', text(org, n), '平实的说明', False)
    n = ad(w, org, '金陵汇稳盈：年化收益率22%，名额有限', prod='CP-JL18', channel='地铁广告')
    w.plant('C09', text(org, n), '宣传年化 22%，登记 18%')
    n = ad(w, org, '金陵汇稳盈：年化收益率18%', prod='CP-JL18', channel='官网')
    w.plant('C09', text(org, n), '宣传与登记一致', False)
    n = ad(w, org, '金陵汇：出借资金由岭南银行存管', channel='官网')
    w.plant('C09', text(org, n), '声称岭南银行存管，实际存管在华安银行')
    n = ad(w, w.clean, '长信网贷：出借资金由江淮银行存管', channel='官网')
    w.plant('C09', w.clean, '存管银行属实', False)
    # a borrower carries the loan to a broker; another to a supplier
    org = platform(w, '杭州西溪网络借贷信息中介服务有限公司', '浙江', '杭州')
    base_book(w, org, 30, 10 * WAN)
    gambler, maker, supplier = w.client('炒股人沈某', prov='浙江'), w.client('杭州纸品厂', '企业', prov='浙江'), w.client('富阳纸浆有限公司', '企业', prov='浙江')
    stocks = w.account(gambler, '证券', used_for='证券资金')
    make_loan(w, org, gambler, 15 * WAN, '2026-11-04', 6, 9.0, split(15 * WAN, w.lenders[50:54]))
    w.flow(at('2026-11-05', 10), w.account_of[gambler], stocks, 14 * WAN, '转账')
    make_loan(w, w.clean, maker, 15 * WAN, '2026-11-04', 6, 9.0, split(15 * WAN, w.lenders[54:58]))
    w.flow(at('2026-11-05', 11), w.account_of[maker], w.account_of[supplier], 14 * WAN, '货款')
    w.plant('C13', org, '借款 15 万，次日 14 万转入证券账户')
    w.plant('C13', w.clean, '借款付给供应商', False)
    lost = make_loan(w, org, w.borrowers[112], 8 * WAN, '2026-11-09', 6, 9.0, split(8 * WAN, w.lenders[44:48]))
    w.flow(at('2026-11-10', 10), w.account_of[w.borrowers[112]], 'X900001', 7 * WAN, '转账')
    w.plant('M09', org, '标的 %s 的 7 万元进入未登记账户' % lost)
    w.plant('M09', w.clean, '去向均有户主', False)
    w.plant('M08', w.red, '出借—平台—借款链条完整')
    for name, count, hit in (('深圳聚众网络借贷信息中介服务有限公司', 5000, True), ('深圳小众网络借贷信息中介服务有限公司', 4999, False)):
        org = platform(w, name, '广东', '深圳')
        base_book(w, org, 12, 10 * WAN)
        w.items[org, 'investors'] = count
        w.plant('B31', org, '投资人 %d 人' % count, hit)
    # payment institutions: capital, a new rating, words
    for name, paid, hit in (('西安秦付支付有限公司', 9999, True), ('西安汉付支付有限公司', 10000, False)):
        org = w.make_payment(name, prov='陕西', city='西安', paid_wan=paid)
        w.plant('B27', org, '实缴资本 %d 万元，要求 1 亿元' % paid, hit)
    w.add('rating_change', org_id=w.short_reserve, rating='C', from_date='2026-10-15')
    w.add('rating_change', org_id=org, rating='C', from_date='2026-10-15')
    w.plant('G09', w.short_reserve, '评级由 A 调为 C，集中存管比例未提高')
    w.plant('G09', org, '评级同样下调，备付金全部存人民银行', False)
    w.plant('G10', w.short_reserve, '备付金规则命中')
    n = ad(w, w.interest_org, '钱包余额相当于存款，央行担保，资金绝对安全')
    w.plant('G13', text(w.interest_org, n), '夸大支付中介职能')
    n = ad(w, org, '支付账户余额不等于银行存款，请注意保护密码')
    w.plant('G13', text(org, n), '风险提示', False)


def registers_and_sites(w):
    """Reports, directories, opinion, sites, requests."""
    w.unassessed.add(w.good)
    w.add('risk_assessment', org_id=w.good, assessed_on=LAST - dt.timedelta(days=365), score=85)
    w.plant('B35', w.good, '上次评估恰在一年前', False)
    w.unassessed.add(w.rate_org)
    w.add('risk_assessment', org_id=w.rate_org, assessed_on=LAST - dt.timedelta(days=366), score=70)
    w.plant('B35', w.rate_org, '超过一年未评估')
    w.no_report.add(w.split_org)
    w.plant('J06', w.split_org, '未公示 2025 年年报')
    w.plant('J06', w.clean, '年报齐全', False)
    w.no_notice.add(w.low_cash)
    w.plant('J16', w.low_cash, '一年内没有风险提示')
    w.plant('J16', w.clean, '报告齐全', False)
    w.unlisted.add((w.red, '摸底'))
    w.plant('J12', w.red, '摸底名录漏登')
    w.plant('J12', w.good, '三处名录一致', False)
    for no, org, decided, shared, hit in (('CF-01', w.suspended, '2026-11-02', '2026-11-12', True), ('CF-02', w.red, '2026-11-02', '2026-11-11', False)):
        w.add('punishment', case_no=no, subject_id=org, amount='50000.00', illegal_turnover='800000.00', decided_on=decided, shared_on=shared)
        w.plant('J07', no, '处罚 %s 推送' % shared, hit)
    w.plant('J11', 'B14', '名单外的村镇银行仍有存管账户')
    w.plant('J11', 'B03', '名单内银行', False)
    w.plant('M10', w.clean, '账户与股东齐全', False)
    s = Stream('opinion')
    for i in range(180):
        ad(w, [w.good, w.clean, w.rate_org][i % 3], s.pick(['到账挺快', '客服态度不错', '页面有点慢', '签到送积分']), channel='舆情监测', when=str(LAST), source='渠道%03d' % i, kind='舆情')
    w.plant('M05', 'opinion', '当日仅 180 个渠道')
    for i, body in enumerate(('平台提现困难，已经三天了', '听说老板跑路，大家小心', '加入维权群一起报案')):
        ad(w, w.complained, body, channel='论坛', when='2026-11-1%d' % (i + 5), source='网络论坛', kind='评价')
    w.plant('M20', w.complained, '三条反映兑付困难的评价')
    ad(w, w.good, '提现困难？其实是银行维护，第二天就到了', channel='论坛', source='网络论坛', kind='评价')
    w.plant('M20', w.good, '只有一条', False)
    for no, org, icp, body, hit, note in ((1, None, None, '高息理财平台，保本保息，注册送红包', True, '无主网站，无备案'), (2, w.good, '沪ICP备16000002号', '网络借贷信息中介，出借有风险', False, '已备案的平台'),
                                          (3, None, None, '手工皂与香薰蜡烛', False, '普通小店'), (4, None, None, '本网站已关闭：理财产品', False, '已关闭')):
        w.add('web_page', page_no=no, org_id=org, url='http://site%d.example' % no, icp_no=icp, body=body, found_at='2026-11-14 10:00:00+08', is_alive=no != 4)
        w.plant('M18', no, note, hit)
    for i in range(6):
        w.add('lead_exchange', item_no=i + 1, authority='公安', direction='收到' if i == 5 else '发出', sent_at='2026-11-0%d 09:00:00+08' % (i + 1),
              answered_at='2026-11-1%d 09:00:00+08' % i if i < 3 else None)
    w.plant('M17', '公安', '五条线索答复三条')
    for no, doc, hit in (('CX-01', None, True), ('CX-02', '协查〔2026〕11号', False)):
        w.add('account_query', request_no=no, org_id=w.red, acct_no=w.own[w.red], authority='某区分局', document_no=doc, asked_at='2026-11-12 15:00:00+08')
        w.plant('M23', no, '查询账户%s法律文书' % ('有' if doc else '无'), hit)
    w.plant('M12', 'P2P', '账户统一登记比例')
    w.plant('M16', 'P2P loan_balance', '分条线统计')
    w.plant('M21', w.red, '归口管理')
    w.plant('M25', '上海 loan_balance', '分地区统计')


def subsidies(w):
    """Lenders paid on the day though the borrower did not pay: out of the platform's own pocket, then with other lenders' money."""
    org = w.bank_off_list
    lenders = [(w.lenders[30 + i], part) for i, part in enumerate((2 * WAN, 2 * WAN, 1 * WAN))]
    borrower = w.borrowers[77]
    no = make_loan(w, org, borrower, 5 * WAN, '2026-08-25', 6, 9.6, lenders, disbursed=False)
    custody, taker = w.custody[org], w.account_of[borrower]
    w.flow(at('2026-08-25', 14), custody, taker, 5 * WAN, '放款', org, loan=no, order='FK' + no)
    interest = 5 * WAN * 96 // 12000
    w.flow(at('2026-09-25', 10), taker, custody, interest, '还款', org, loan=no, order='HK%s01' % no)
    for month, payer in (('2026-09-25', custody), ('2026-10-25', w.own[org]), ('2026-11-20', custody)):
        for i, (lender, part) in enumerate(lenders):
            w.flow(at(month, 15, i), payer, w.account_of[lender], interest * part // (5 * WAN), '回款', org, loan=no, order='HR%s%s%02d' % (no, month[5:7], i))
    w.plant('I11', no, '借款人只还一期，其后由平台自有资金、再由其他出借人资金兑付')
    w.plant('I11', w.pool_org, '由自有账户向客户兑付')
    w.plant('I11', w.clean, '兑付全部来自借款人还款', False)
