#!/usr/bin/env python3
"""generate_names.py DIR ROWS: synthetic company names (about 15 characters) and
word lists of 16, 40, 5,000 and 65,000 words; the same on every machine."""
import os
import random
import sys

directory, rows = sys.argv[1], int(sys.argv[2])
rnd = random.Random(7)
places = "北京 上海 深圳市 广州市 杭州 南京 苏州市 成都 重庆 武汉市 西安 天津 长沙 青岛 宁波市 厦门 福州市 合肥 郑州市 济南 大连 昆明 贵阳市 南宁 海口 石家庄 太原 哈尔滨 长春 沈阳市".split()
brand = "华金银天地人和中国泰安康宁福禄寿喜盛隆昌兴旺达通汇信诚德义仁智勇明光辉耀阳星月云海洋江河山川峰岭石玉珠宝鼎鑫森林木水火土春夏秋冬东南西北远大高长久恒永正方圆一元三五七八九千万亿创新科技未来联合同众益丰裕富贵荣庆吉祥瑞凯利赢胜捷迅飞翔腾龙凤麒麟鹏鹤虎豹"
trades = "科技 网络科技 信息技术 投资管理 资产管理 财富管理 商贸 贸易 实业 建筑工程 餐饮管理 文化传媒 广告 物流 供应链管理 咨询 企业管理咨询 电子商务 生物科技 医疗器械 房地产开发 物业管理 教育科技 环保科技 新能源 汽车销售 机械设备 金融信息服务 融资租赁 商业保理 股权投资基金管理 珠宝 农业发展 旅游开发".split()
forms = "有限公司 有限公司 有限公司 有限责任公司 股份有限公司 集团有限公司 合伙企业（有限合伙） 有限公司分公司 中心（有限合伙）".split()


def word(length):
    return "".join(rnd.choice(brand) for _ in range(length))


def write(name, lines):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


write("names.txt", (rnd.choice(places) + word(rnd.choice((2, 2, 2, 3, 3, 4))) + rnd.choice(trades) + rnd.choice(forms)
                    for _ in range(rows)))
w16 = "交易所 交易中心 金融 资产管理 理财 基金 基金管理 投资管理 财富管理 股权投资基金 网贷 网络借贷 P2P 股权众筹 互联网保险 支付".split()
w40 = w16 + "财富 众筹 借贷 小额贷款 贷款 担保 典当 保理 融资 融资租赁 投资 私募 股权投资 交易 虚拟货币 数字货币 区块链 外汇 期货 证券 配资 信托 征信 催收".split()
write("words16.txt", w16)
write("words40.txt", w40)
words = list(w40)
seen = set(words)
while len(words) < 65000:
    w = word(rnd.choice((3, 3, 4, 4, 5)))
    if w not in seen:
        seen.add(w)
        words.append(w)
    if len(words) == 5000:
        write("words5000.txt", words)
write("words65000.txt", words)
