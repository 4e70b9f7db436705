// What the codes of a record are called. One table for every screen of the phone.

import type { AboutField, Attendance, Cap, LineState, PointsReason, PointsVerb, RedoReason, Status, Verb } from '@/core/api'

type CapName = Extract<Cap, string>

export interface RecordWords {
  readonly status: Record<Status, string>
  readonly attendance: Record<Attendance | 'none', string>
  readonly field: Record<AboutField, string>
  readonly verb: Record<Verb, string>
  readonly redo: Record<RedoReason, string>
  readonly pointsVerb: Record<PointsVerb, string>
  readonly pointsReason: Record<PointsReason, string>
  readonly lineState: Record<LineState, string>
  readonly cap: Record<CapName, string>
  readonly period: Record<string, string>
  readonly part: Record<
    | 'kinds' | 'minutes' | 'agenda' | 'observers' | 'resolution' | 'resolutionRule' | 'yes' | 'no' | 'abstain' | 'followUp'
    | 'followUpOwner' | 'followUpDue' | 'followUpDone' | 'review' | 'amendment' | 'claim' | 'attachment' | 'roster' | 'exclusion'
    | 'attendance',
    string
  >
}

export const recordWords: RecordWords = {
  status: {
    draft: '草稿',
    planned: '已计划',
    held: '已开展，未提交',
    submitted: '已提交，待备案',
    filed: '已备案',
    returned: '已退回，请补正',
    redo_required: '责令重开',
    reopened: '重新打开',
    voided: '已作废',
  },
  attendance: {
    none: '未记',
    present: '到会',
    present_remote: '线上到会',
    present_elsewhere: '在流入地参加',
    visited: '送学上门',
    leave_work: '公事请假',
    leave_illness: '病假',
    leave_other: '请假',
    absent_unexcused: '缺席',
    excluded: '不计入应到会',
    not_required: '不要求参加',
  },
  field: {
    title: '标题',
    theme: '主题',
    planned_at: '计划时间',
    held_from: '开始时间',
    held_to: '结束时间',
    place: '地点',
    host: '主持人',
    recorder: '记录人',
    lecturer: '主讲人',
    lecture_title: '党课题目',
    hours: '学时',
    paper_ref: '记录本页码',
    audience_count: '听众人数',
  },
  verb: {
    submitted: '提交',
    filed: '备案',
    returned: '退回补正',
    redo_required: '责令重开',
    reopened: '重新打开',
    voided: '作废',
  },
  redo: {
    no_quorum: '到会人数不足',
    no_topic: '没有议题',
    wrong_attendees: '参加人员不对',
    not_held: '实际没有召开',
  },
  pointsVerb: {
    verified: '核实',
    approved: '审定',
    township_filed: '乡镇备案',
    declined: '不予认可',
    reversed: '冲销',
    objected: '异议',
  },
  pointsReason: {
    no_evidence: '缺少佐证',
    duplicate: '重复申报',
    wrong_rule: '条目不符',
    wrong_date: '日期不符',
    wrong_units: '数量不符',
    mistake: '录入错误',
  },
  lineState: { confirmed: '已确认', provisional: '待定', declined: '不予认可', reversed: '已冲销' },
  cap: {
    same_matter: '同一件事只计最高的一项',
    deductions_off: '本办法不扣分',
    rule_off: '这一条没有启用',
    unknown_rule: '办法里没有这一条',
    derived_rule: '这一条按活动记录自动计分，不用申报',
    outside_range: '没有选分值，或分值不在范围内',
    part_units: '数量还不够计一次，留到以后累计',
    no_notice: '没有事先通知到本人，不扣分',
    objection_upheld: '本人异议成立，不扣分',
    declined: '没有认可',
    nothing_reversed: '没有找到要冲销的那一条',
  },
  period: { month: '当月', quarter: '当季度', half_year: '半年内', year: '本年度', term: '本届' },
  part: {
    kinds: '活动类型',
    attendance: '到会',
    minutes: '会议记录',
    agenda: '议题',
    observers: '列席',
    resolution: '决议',
    resolutionRule: '表决办法',
    yes: '赞成票',
    no: '反对票',
    abstain: '弃权票',
    followUp: '后续事项',
    followUpOwner: '负责人',
    followUpDue: '完成期限',
    followUpDone: '是否完成',
    review: '审核意见',
    amendment: '更正说明',
    claim: '积分申报',
    attachment: '照片',
    roster: '名册',
    exclusion: '不计入应到会',
  },
}
