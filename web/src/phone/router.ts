import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import Months from './pages/Months.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** Somebody is filling something in: nothing may be offered that takes the page away. */
    form?: true
    /** A page without the tabs at its foot. */
    untabbed?: true
  }
}

const form = { form: true, untabbed: true } as const

const routes: RouteRecordRaw[] = [
  { path: '/', component: Months },
  { path: '/enrol', component: () => import('./pages/Enrol.vue'), meta: form },
  { path: '/new', component: () => import('./pages/NewActivity.vue'), meta: form },
  {
    path: '/a/:id',
    component: () => import('./pages/Activity.vue'),
    props: true,
    meta: form,
    children: [
      { path: '', redirect: (to) => `${to.path}/plan` },
      { path: 'plan', component: () => import('./steps/Plan.vue') },
      { path: 'roll', component: () => import('./steps/Roll.vue') },
      { path: 'minutes', component: () => import('./steps/Minutes.vue') },
      { path: 'resolutions', component: () => import('./steps/Resolutions.vue') },
      { path: 'followUps', component: () => import('./steps/FollowUps.vue') },
      { path: 'submit', component: () => import('./steps/Submit.vue') },
    ],
  },
  { path: '/outbox', component: () => import('./pages/Outbox.vue'), meta: { untabbed: true } },
  { path: '/points', component: () => import('./pages/Points.vue') },
  { path: '/points/claim', component: () => import('./pages/Claim.vue'), meta: form },
  { path: '/points/judge', component: () => import('./pages/Judging.vue'), meta: form },
  { path: '/points/list', component: () => import('./pages/NoticeList.vue'), meta: { untabbed: true } },
  { path: '/points/of/:member', component: () => import('./pages/MemberLedger.vue'), props: true, meta: { untabbed: true } },
  { path: '/mine', component: () => import('./pages/Mine.vue') },
  { path: '/mine/check', component: () => import('./pages/SelfCheck.vue'), meta: { untabbed: true } },
  { path: '/mine/moving', component: () => import('./pages/Moving.vue'), meta: { untabbed: true } },
  { path: '/mine/feedback', component: () => import('./pages/Feedback.vue'), meta: { untabbed: true } },
  { path: '/mine/desktop', component: () => import('./pages/HomeScreen.vue'), meta: { untabbed: true } },
  { path: '/:rest(.*)*', component: () => import('./pages/NotFound.vue') },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { left: 0, top: 0 },
})
