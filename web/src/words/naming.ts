/** What the levels of a district are called: data of the district (`NamingScheme` of the server), never a choice of the screen. */
export type NamingScheme = 'qu' | 'xian' | 'qi'

export interface LevelNames {
  readonly district: string
  readonly township: string
  readonly village: string
}

const NAMES: Record<NamingScheme, LevelNames> = {
  qu: { district: '区', township: '街道', village: '社区' },
  xian: { district: '县', township: '乡镇', village: '村' },
  qi: { district: '旗', township: '苏木乡镇', village: '嘎查村' },
}

export function levelNames(scheme: NamingScheme): LevelNames {
  return NAMES[scheme]
}
