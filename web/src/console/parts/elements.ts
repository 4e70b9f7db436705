/** The Element Plus components in use, each with its own style sheet: what is not listed here is not in the bundle. */
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/button/style/css'
import 'element-plus/es/components/dialog/style/css'
import 'element-plus/es/components/drawer/style/css'
import 'element-plus/es/components/input/style/css'
import 'element-plus/es/components/option/style/css'
import 'element-plus/es/components/radio-button/style/css'
import 'element-plus/es/components/radio-group/style/css'
import 'element-plus/es/components/select/style/css'
import 'element-plus/es/components/switch/style/css'

import { ElConfigProvider as Provider, ElOption as Option, ElSelect as Select } from 'element-plus'
import type { Language } from 'element-plus/es/locale'

/** The types of these three are lost under `exactOptionalPropertyTypes`; here is what we use of them. */
type Typed<Props> = new () => { $props: Props; $slots: { default?: () => unknown } }

export const ElConfigProvider = Provider as unknown as Typed<{ locale: Language }>
export const ElOption = Option as unknown as Typed<{ value: string; label: string }>
export const ElSelect = Select as unknown as Typed<{
  modelValue: string
  'onUpdate:modelValue'?: (value: string) => void
  filterable?: boolean
  disabled?: boolean
  placeholder?: string
  /** `[null]`: the empty text is a choice like any other. */
  emptyValues?: ('' | null)[]
  valueOnClear?: null
  noMatchText?: string
  ariaLabel?: string
}>

export {
  ElButton,
  ElDialog,
  ElDrawer,
  ElInput,
  ElRadioButton,
  ElRadioGroup,
  ElSwitch,
  type ButtonInstance,
  type InputInstance,
} from 'element-plus'
