{#- Matched sources that a fit of each geometry wants, and the least trust of a good one. -#}
{% from "todo/_fit.sql" import fits, is_newest_fit, of_fit with context -%}
{% set wanted = "CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END" -%}
{% set floor = "0.5" -%}
{% set reason -%}
CASE WHEN s.nmatches < {{ wanted }}
            THEN s.nmatches || ' matches, ' || COALESCE(s.fit_geometry, 'a fit')
                 || ' wants ' || {{ wanted }} ELSE 'The newest fit is weak' END
       || CASE WHEN s.trust < {{ floor }}
            THEN '; trust ' || ROUND(CAST(s.trust AS NUMERIC), 2)
                 || ', the floor is {{ floor }}.' ELSE '.' END
{%- endset -%}
SELECT {{ of_fit(rule="'weak-fit'", since="s.recorded_at", subject="p.filename",
                 reason=reason) }}
  FROM {{ fits() }}
 WHERE s.status IN ('proposed', 'applied')
   AND (s.trust < {{ floor }} OR s.nmatches < {{ wanted }}) AND {{ is_newest_fit() }}
