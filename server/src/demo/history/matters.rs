//! What the meetings were about: plain village matters, nobody's name, nothing that happened anywhere.

use crate::demo::people::Class;
use crate::demo::random::Stream;

/// What a themed day was about.
#[derive(Clone, Copy)]
pub(super) struct Matter {
    pub(super) theme: &'static str,
    pub(super) agenda: &'static [&'static str],
    pub(super) minutes: &'static [&'static str],
    /// What the secretary adds to the minutes.
    pub(super) closing: &'static str,
    pub(super) resolution: &'static str,
    pub(super) follow_up: &'static str,
}

/// What a small meeting was about.
#[derive(Clone, Copy)]
pub(super) struct Topic {
    pub(super) agenda: &'static str,
    pub(super) minutes: &'static [&'static str],
}

const SEPTEMBER: [Matter; 4] = [
    Matter {
        theme: "修好田间路，方便秋收",
        agenda: &["学习党章", "讨论田间路维修"],
        minutes: &[
            "主持人说明本月安排，大家先学习了党章第一章。",
            "村东两公里田间路被雨水冲坏三处，农机进出困难。",
            "会上商定由各组出工垫砂石，村里安排两台铲车。",
        ],
        closing: "砂石款从村集体收入中列支，账目下月公开。",
        resolution: "同意用村集体收入购买砂石，维修村东田间路。",
        follow_up: "秋收前垫好村东田间路三处冲沟。",
    },
    Matter {
        theme: "抗旱保收成",
        agenda: &["学习党章", "安排轮灌"],
        minutes: &[
            "先集体学习党章，然后听取旱情介绍。",
            "南片八百亩玉米缺水，机井轮灌每五天一次。",
            "党员分片看管水渠，夜间轮流值守。",
        ],
        closing: "轮灌顺序贴在公示栏，有意见的可以找党小组反映。",
        resolution: "同意九月机井轮灌方案，由各组轮流看管水渠。",
        follow_up: "检修南片两眼机井的水泵。",
    },
    Matter {
        theme: "秋收互助不误农时",
        agenda: &["学习党章", "分配互助任务"],
        minutes: &[
            "学习之后，各组报了秋收进度。",
            "有十二户劳力不足，由党员和邻居结对帮收。",
            "收割机按片集中作业，减少空跑。",
        ],
        closing: "结对名单由各组自己掌握，完成后在组会上说明。",
        resolution: "同意秋收互助安排，收割机统一调度。",
        follow_up: "帮十二户把玉米收完、运到场院。",
    },
    Matter {
        theme: "管好小水库，汛末不松劲",
        agenda: &["学习党章", "水库巡查"],
        minutes: &[
            "会前大家沿坝走了一遍，查看溢洪道。",
            "坝脚有一处渗水，已做标记，请水利站来看。",
            "讨论后定下每周两次巡查，雨天加一次。",
        ],
        closing: "巡查记录放在村部，谁巡查谁签字。",
        resolution: "同意汛末水库巡查值班表。",
        follow_up: "请水利站查看坝脚渗水并回复处理办法。",
    },
];

const OCTOBER: [Matter; 4] = [
    Matter {
        theme: "冬季防火，从柴草垛抓起",
        agenda: &["学习党章", "防火检查"],
        minutes: &[
            "学习后通报了入户查看柴草垛的情况。",
            "有九处柴草离房太近，户主同意搬走。",
            "护林防火岗从本月十五日起每天巡查。",
        ],
        closing: "灭火器到期的由村里统一更换。",
        resolution: "同意今冬防火值班安排。",
        follow_up: "月底前把九处柴草垛搬离房屋。",
    },
    Matter {
        theme: "备足草料，牲畜安全过冬",
        agenda: &["学习党章", "草料储备"],
        minutes: &[
            "各组报了牲畜头数和草料存量，缺口约四十吨。",
            "商定统一联系秸秆打包，运费按吨分摊。",
            "暖棚漏风的户由会电焊的党员帮忙修补。",
        ],
        closing: "秸秆到村后按登记顺序领取。",
        resolution: "同意统一购买秸秆饲料，运费按吨分摊。",
        follow_up: "联系打包车，十一月上旬运完秸秆。",
    },
    Matter {
        theme: "检修饮水管线，防冻保供",
        agenda: &["学习党章", "饮水管线检修"],
        minutes: &[
            "学习后听取管水员介绍，西头三十户水压不足。",
            "检查发现一处阀门井进水，容易冻裂。",
            "大家同意趁封冻前换阀门并加保温层。",
        ],
        closing: "停水时间提前一天用广播通知。",
        resolution: "同意更换西头阀门并加装保温层。",
        follow_up: "封冻前完成西头阀门井检修。",
    },
    Matter {
        theme: "清沟清塘，整治村容",
        agenda: &["学习党章", "村容整治"],
        minutes: &[
            "学习之后到村道现场清理了排水沟。",
            "共清出淤泥和杂物十余车，运到指定地点。",
            "商定每月最后一个周六为清扫日。",
        ],
        closing: "清扫日不点名，能来的来，来不了的不勉强。",
        resolution: "同意把每月最后一个周六定为清扫日。",
        follow_up: "修补村道两侧损坏的沟盖板。",
    },
];

const OFFICE: [Matter; 3] = [
    Matter {
        theme: "用电用火安全检查",
        agenda: &["学习党章", "安全检查"],
        minutes: &[
            "集体学习后，分三组检查办公楼和库房。",
            "发现两处线路老化，已断电待修。",
            "大家讨论了值班和交接办法。",
        ],
        closing: "检查结果已告知后勤，整改后复查一次。",
        resolution: "同意冬季值班安排。",
        follow_up: "更换库房两处老化线路。",
    },
    Matter {
        theme: "到包联村帮工",
        agenda: &["学习党章", "帮工安排"],
        minutes: &[
            "上午学习，随后到包联村帮助装运玉米。",
            "帮助六户把粮食运到场院，约两万斤。",
            "回来后大家交流了村里反映的修路问题。",
        ],
        closing: "修路问题已转给负责的办公室，下月回复。",
        resolution: "同意每季度到包联村帮工一次。",
        follow_up: "向包联村回复修路问题的办理情况。",
    },
    Matter {
        theme: "窗口服务再简一步",
        agenda: &["学习党章", "服务窗口改进"],
        minutes: &[
            "学习之后，窗口同志介绍了群众常问的事项。",
            "有三项材料可以由单位之间核对，不再让群众跑。",
            "商定印一张一看就懂的办事卡。",
        ],
        closing: "办事卡先试用一个月，再听意见。",
        resolution: "同意试用新的办事卡。",
        follow_up: "印制办事卡并放到窗口。",
    },
];

const COMMITTEE: [Topic; 3] = [
    Topic {
        agenda: "研究本月主题党日安排",
        minutes: &["研究了本月主题党日的时间和内容。", "会议决定按固定日举行，提前三天通知到人。"],
    },
    Topic {
        agenda: "研究送学上门和流动党员联系",
        minutes: &["逐一商量了年老体弱党员送学上门的分工。", "会议决定对流动党员每季度电话联系一次。"],
    },
    Topic {
        agenda: "审议上月积分申报",
        minutes: &["审议了党小组核实过的积分申报。", "会议同意佐证齐全的申报，其余退回补充。"],
    },
];

const VILLAGE_GROUP: [Topic; 3] = [
    Topic {
        agenda: "交流农活进度，安排帮工",
        minutes: &["组员说了各家进度和困难。", "商定周末先帮缺劳力的两户。"],
    },
    Topic {
        agenda: "学习党章，讨论村道保洁",
        minutes: &["学习了党章有关内容。", "村道按住家分段，各管门前一段。"],
    },
    Topic {
        agenda: "看水渠，议管护",
        minutes: &["会前看了组里的支渠，有两处塌边。", "商定每户出工半天修好。"],
    },
];

const OFFICE_GROUP: [Topic; 2] = [
    Topic {
        agenda: "学习党章，交流工作",
        minutes: &["学习了党章有关内容。", "各人说了本月工作和下月打算。"],
    },
    Topic {
        agenda: "讨论志愿服务安排", minutes: &["讨论了周末志愿服务。", "商定分两批到社区清扫。"]
    },
];

const LECTURES: [&str; 4] =
    ["党章里的权利和义务", "党员怎样在村里做表率", "支部会议怎样开得简短有用", "村级议事怎样听取不同意见"];

/// What a month's themed day was about.
pub(super) fn of_theme_day(is_village: bool, month: i8, dice: &mut Stream) -> Matter {
    let pool: &[Matter] = match (is_village, month) {
        (false, _) => &OFFICE,
        (true, 9) => &SEPTEMBER,
        (true, _) => &OCTOBER,
    };
    one_of(pool, dice)
}

/// What a committee meeting was about.
pub(super) fn of_committee(dice: &mut Stream) -> Topic {
    one_of(&COMMITTEE, dice)
}

/// What a group meeting was about.
pub(super) fn of_group(is_village: bool, dice: &mut Stream) -> Topic {
    if is_village { one_of(&VILLAGE_GROUP, dice) } else { one_of(&OFFICE_GROUP, dice) }
}

/// A lecture's title.
pub(super) fn lecture(dice: &mut Stream) -> &'static str {
    one_of(&LECTURES, dice)
}

/// Where a meeting was held.
pub(super) fn place(is_village: bool, dice: &mut Stream) -> &'static str {
    let pool: &[&str] = if is_village {
        &["村部会议室", "文化广场", "党员活动室"]
    } else {
        &["三楼会议室", "党员活动室"]
    };
    one_of(pool, dice)
}

/// A claim that a member of this class can make: rule of the example book, units, what was done.
pub(super) fn of_claim(class: Class, dice: &mut Stream) -> (&'static str, u32, &'static str) {
    const ACTIVE: [(&str, u32, &str); 8] = [
        ("C01", 2, "清理村道积水和杂草"),
        ("C01", 4, "帮助缺劳力户收玉米"),
        ("C01", 2, "疏通排水沟"),
        ("B01", 1, "本月履行护林防火岗职责"),
        ("B01", 1, "本月履行水管员岗职责"),
        ("B02", 1, "参加议事会，讨论修路方案"),
        ("C02", 1, "修好引水管接头，恢复供水"),
        ("C03", 1, "夜间排查水渠决口并封堵"),
    ];
    const MOBILE: [(&str, u32, &str); 2] =
        [("A10", 1, "电话联系支部，汇报本季情况"), ("A10", 1, "视频参加组会并汇报本季情况")];
    const FRAIL: [(&str, u32, &str); 1] = [("A11", 1, "在家接受送学一次")];
    match class {
        Class::Committee | Class::Ordinary => one_of(&ACTIVE, dice),
        Class::Mobile => one_of(&MOBILE, dice),
        Class::Frail => one_of(&FRAIL, dice),
    }
}

fn one_of<T: Copy>(pool: &[T], dice: &mut Stream) -> T {
    pool[dice.below(pool.len())]
}
