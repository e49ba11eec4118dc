import { Layout } from '../layout.tsx'
import { Field } from '../parts/fields.tsx'

export function SignInPage({ error, next }: { error?: string | undefined; next: string }) {
  return (
    <Layout title="Sign in">
      <div class="wall">
        <div class="card">
          <h1>Sign in</h1>
          <form method="post" action="/admin/sign-in">
            <fieldset>
              <input type="hidden" name="next" value={next} />
              {/* For managers of passwords, which store nothing without a name. */}
              <input type="text" name="username" autocomplete="username" value="Postern" hidden />
              <Field
                id="token"
                label="Admin token"
                hint="Yours begins with psa_. Who has set up this gateway also has its POSTERN_ADMIN_TOKEN."
                error={error}
                control={(described) => (
                  <input
                    id="token"
                    name="token"
                    type="password"
                    autocomplete="current-password"
                    required
                    {...described}
                  />
                )}
              />
              <div class="actions">
                <button type="submit">Sign in</button>
              </div>
            </fieldset>
          </form>
        </div>
      </div>
    </Layout>
  )
}
