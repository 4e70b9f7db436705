import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { phoneWords as w } from '@/words/phone'
import Months from './pages/Months.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** Somebody is filling something in: nothing may be offered that takes the page away. */
    form?: true
    /** A page without the tabs at its foot. */
    untabbed?: true
  }
}

const form = (title: string) => ({ title, form: true, untabbed: true }) as const
const leaf = (title: string) => ({ title, untabbed: true }) as const

const activity = () => import('./pages/Activity.vue')
const plan = () => import('./steps/Plan.vue')
const roll = () => import('./steps/Roll.vue')

/** What is opened next, nearly always. */
export const fetchAhead = (): Promise<unknown> => Promise.all([activity(), plan(), roll()]).catch(() => undefined)

const routes: RouteRecordRaw[] = [
  { path: '/', component: Months, meta: { title: w.months.title } },
  { path: '/enrol', component: () => import('./pages/Enrol.vue'), meta: form(w.enrol.title) },
  { path: '/new', component: () => import('./pages/NewActivity.vue'), meta: form(w.plan.newTitle) },
  {
    path: '/a/:id',
    component: activity,
    props: true,
    meta: form(w.tabs.activities),
    children: [
      { path: '', redirect: (to) => `${to.path}/plan` },
      { path: 'plan', component: plan },
      { path: 'roll', component: roll },
      { path: 'minutes', component: () => import('./steps/Minutes.vue') },
      { path: 'resolutions', component: () => import('./steps/Resolutions.vue') },
      { path: 'followUps', component: () => import('./steps/FollowUps.vue') },
      { path: 'photos', component: () => import('./steps/Photos.vue') },
      { path: 'submit', component: () => import('./steps/Submit.vue') },
    ],
  },
  { path: '/outbox', component: () => import('./pages/Outbox.vue'), meta: leaf(w.outbox.title) },
  { path: '/points', component: () => import('./pages/Points.vue'), meta: { title: w.points.title } },
  { path: '/points/claim', component: () => import('./pages/Claim.vue'), meta: form(w.points.claim) },
  { path: '/points/judge', component: () => import('./pages/Judging.vue'), meta: form(w.points.judgeTitle) },
  { path: '/points/list', component: () => import('./pages/NoticeList.vue'), meta: leaf(w.points.list) },
  { path: '/points/of/:member', component: () => import('./pages/MemberLedger.vue'), props: true, meta: leaf(w.points.title) },
  { path: '/mine', component: () => import('./pages/Mine.vue'), meta: { title: w.mine.title } },
  { path: '/mine/check', component: () => import('./pages/SelfCheck.vue'), meta: leaf(w.check.title) },
  { path: '/mine/moving', component: () => import('./pages/Moving.vue'), meta: leaf(w.moving.title) },
  { path: '/mine/feedback', component: () => import('./pages/Feedback.vue'), meta: leaf(w.feedback.title) },
  { path: '/mine/desktop', component: () => import('./pages/HomeScreen.vue'), meta: leaf(w.home.title) },
  { path: '/:rest(.*)*', component: () => import('./pages/NotFound.vue'), meta: { title: w.app } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { left: 0, top: 0 },
})

router.afterEach((to) => {
  document.title = to.path === '/' ? w.app : `${to.meta.title} · ${w.app}`
})
