/**
 * What Slack and Teams take, as their documentation has it, where it says more than "JSON". Strict: a member
 * that they do not name is refused, as both do.
 */
import * as z from 'zod'

// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
const plainText = z.strictObject({
  type: z.literal('plain_text'),
  text: z.string().min(1).max(150),
  emoji: z.boolean().optional(),
})
const mrkdwn = z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3_000) })

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, .../reference/block-kit/blocks */
export const slackMessage = z.strictObject({
  // What notifications show, and readers of screens.
  text: z.string().min(1).max(40_000),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('header'), text: plainText }),
        z.strictObject({ type: z.literal('section'), text: mrkdwn }),
        z.strictObject({ type: z.literal('context'), elements: z.array(mrkdwn).min(1).max(10) }),
      ]),
    )
    .min(1)
    .max(50),
})

// https://adaptivecards.io/explorer/TextBlock.html
const textBlock = z.strictObject({
  type: z.literal('TextBlock'),
  text: z.string().min(1),
  wrap: z.boolean().optional(),
  weight: z.enum(['default', 'lighter', 'bolder']).optional(),
  size: z.enum(['default', 'small', 'medium', 'large', 'extraLarge']).optional(),
  color: z.enum(['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention']).optional(),
  isSubtle: z.boolean().optional(),
})

/**
 * https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams, "When a Teams webhook request is
 * received"; Adaptive Cards up to 1.5 are shown by Teams, and messages of 28 KB are taken.
 */
export const teamsMessage = z
  .strictObject({
    type: z.literal('message'),
    attachments: z
      .array(
        z.strictObject({
          contentType: z.literal('application/vnd.microsoft.card.adaptive'),
          content: z.strictObject({
            $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
            type: z.literal('AdaptiveCard'),
            version: z.enum(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5']),
            body: z.array(textBlock).min(1),
            actions: z
              .array(
                z.strictObject({
                  type: z.literal('Action.OpenUrl'),
                  title: z.string().min(1),
                  url: z.url(),
                }),
              )
              .max(6)
              .optional(),
          }),
        }),
      )
      .length(1),
  })
  .refine((message) => JSON.stringify(message).length < 28_000)
